import * as vscode from 'vscode';
import type { Explanation, ScalarMap } from '../protocol';
import type { HostApi, PanelQuestion, PanelState } from '../protocol/panel';
import type { ServiceApi } from '../protocol/service';
import type { CallContext, Client, Implementation } from '../rpc';
import type { Comparison } from './comparison';
import { commands } from './contributions';
import type { EngineRoom } from './engine-room';
import { exportComparison, exportExplanation } from './export';
import { pickFile } from './files';
import { copyLink } from './links';
import { nothingExplained } from './living';
import type { MethodChoice } from './methods';
import type { AlikeSearches } from './pfv/alike';
import { pfvHost } from './pfv/host';
import type { Pins } from './pins';
import type { QuestionChange } from './questions';
import { openConfig, writeConfig } from './settings-file';
import type { LinkedState } from './state-link';
import { tokenHost } from './tokens/host';
import type { Visited } from './visited';

/** A panel, as what its webview asks for is done with it. */
export interface PanelDesk {
  readonly rooms: {
    readonly extensionId: string;
    readonly engine: EngineRoom;
    readonly methods: MethodChoice;
    readonly pins: Pins;
    readonly alike: AlikeSearches;
    readonly log: vscode.LogOutputChannel;
  };
  readonly question: PanelQuestion | undefined;
  readonly explanation: Explanation | undefined;
  readonly comparison: Comparison | undefined;
  readonly judged: PanelState['judged'];
  readonly visited: Visited;
  /** A new document of the webview listens: what it is to show. */
  begun(): PanelState;
  /** Explains the same again, with some of the question changed. */
  again(change: QuestionChange): void;
  explain(question: PanelQuestion): Promise<void>;
  /** @param how whether it goes on from what is compared already */
  compare(question: PanelQuestion, methods: readonly string[], how?: 'anew' | 'reuse'): Promise<void>;
  /** Shows an explanation that there is already. */
  show(explanation: Explanation): void;
  judge(): Promise<void>;
  go(by: -1 | 1): Promise<void>;
  /** Explains, and opens a layer of what comes. */
  open(state: LinkedState): Promise<void>;
  cancel(): void;
  /** Asks about the living explanation, which is made again when the engine has lost it. */
  ask<R>(context: CallContext, question: (api: Client<ServiceApi>, explanation: string) => Promise<R>): Promise<R>;
}

/** Writes what a panel shows to where the person says, with what metrics say of it. */
export async function exportShown(
  desk: Pick<PanelDesk, 'explanation' | 'judged' | 'ask'>,
  format: Parameters<HostApi['exportAs']>[0]['format'],
  context: CallContext,
  png?: Uint8Array,
): Promise<void> {
  const shown = desk.explanation;
  if (!shown) throw nothingExplained();
  const judged = desk.judged?.explanation === shown.id ? desk.judged.metrics : [];
  await exportExplanation(shown, format, png, (file) =>
    desk.ask(context, (api, explanation) => api.save({ explanation, path: file, judged })),
  );
}

/** Lets the person name a class. */
async function askForClass(): Promise<number | string | undefined> {
  const given = await vscode.window.showInputBox({
    title: vscode.l10n.t('Compare for which class?'),
    prompt: vscode.l10n.t('The index of a class of the model, or its name.'),
  });
  const text = given?.trim();
  if (!text) return undefined;
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** What the webview asks. Work that takes long is answered at once and seen in the state. */
export function panelHost(desk: PanelDesk): Implementation<HostApi> {
  const { engine, methods, pins, log } = desk.rooms;

  const place = (
    context: CallContext,
    ask: 'receptiveField' | 'readers',
    at: { readonly layer: string; readonly x: number; readonly y: number },
  ): Promise<ScalarMap> =>
    desk.ask(context, (api, explanation) => api[ask]({ explanation, ...at }, { cancel: context.signal }));

  return {
    ready: async () => desk.begun(),
    go: async ({ by }) => void desk.go(by),
    explainTarget: async ({ index }) => desk.again({ target: index, score: undefined }),
    explainPart: async (part) => {
      if ('score' in part) desk.again({ score: part.score, target: undefined });
      else desk.again({ where: part.where ?? undefined, target: desk.explanation?.target.index });
    },
    judge: () => desk.judge(),
    pickFile: ({ title }) => pickFile(title, desk.question?.image),
    chooseMethod: async ({ method }) => {
      await methods.remember(method);
      desk.again({ method, options: methods.options(method) });
    },
    setOptions: async ({ options }) => desk.again({ options }),
    showNetwork: async () => void vscode.commands.executeCommand(commands.showNetwork),
    pickCompared: async () => void vscode.commands.executeCommand(commands.compareMethods),
    compareTarget: async ({ index }) => {
      const { comparison, question } = desk;
      const several = comparison?.withFirst(index);
      if (comparison && several) void desk.compare(several, comparison.methods, 'reuse');
      else if (question?.compare) void desk.compare({ ...question, target: index }, question.compare);
    },
    addClass: async ({ index }) => {
      const added = index ?? (await askForClass());
      const { comparison } = desk;
      const question = added === undefined ? undefined : comparison?.withClass(added);
      if (comparison && question) void desk.compare(question, comparison.methods, 'reuse');
    },
    removeClass: async ({ column }) => {
      const { comparison } = desk;
      const question = comparison?.withoutClass(column);
      if (comparison && question) void desk.compare(question, comparison.methods, 'reuse');
    },
    openCompared: async ({ method, column }) => {
      const explanation = desk.comparison?.get(method, column);
      if (!explanation) return;
      await methods.remember(method);
      desk.show(explanation);
    },
    comparedMaps: async ({ explanations }) => desk.comparison?.maps(explanations) ?? [],
    exportComparison: async () => {
      const sheet = desk.comparison?.sheet();
      if (!sheet) throw nothingExplained();
      await exportComparison(sheet, (file) => engine.api.saveSheet({ path: file, sheet }));
    },
    pickMethod: async () => void vscode.commands.executeCommand(commands.chooseMethod),
    cancel: async () => desk.cancel(),
    retry: async () => desk.again({}),
    layerMaps: (params, context) =>
      desk.ask(context, (api, explanation) => api.layerMaps({ explanation, ...params }, { cancel: context.signal })),
    receptiveField: (params, context) => place(context, 'receptiveField', params),
    readers: (params, context) => place(context, 'readers', params),
    ...pfvHost(desk),
    ...tokenHost(desk),
    exportAs: async ({ format, png }, context) => {
      await exportShown(desk, format, context, png);
    },
    before: (_params, { signal }) =>
      desk.visited.before((question) => engine.api.explain(question, { cancel: signal })),
    pinImage: ({ image, pinned }) => (pinned ? pins.add([image]) : pins.remove(image)),
    showImage: async ({ image }) => {
      const { question } = desk;
      if (question?.image === undefined) throw nothingExplained();
      const { model, method, options } = question;
      void desk.explain({ model, method, image, ...(options && { options }) });
    },
    copyLink: async ({ look }) => {
      if (!desk.explanation) throw nothingExplained();
      await copyLink(desk.rooms.extensionId, desk.explanation, desk.question, look);
    },
    writeConfig: async () => {
      if (desk.question) await writeConfig(engine.api, desk.question.model);
    },
    goToCode: async ({ layer }) => {
      await vscode.commands.executeCommand(commands.goToCode, layer);
    },
    openModelConfig: async () => {
      if (desk.question) await openConfig(engine.api, desk.question.model);
    },
    showLog: async () => log.show(),
  };
}
