import * as vscode from 'vscode';
import { PrismError } from '../graph/errors';
import type { AttentionState } from '../protocol/attention';
import type { NetworkState } from '../protocol/network';
import { toRemoteError } from '../rpc';
import type { Checkpoints } from './checkpoints/checkpoints';
import { type CommandId, commands, methodPrefix } from './contributions';
import type { DebugRoom } from './debug/room';
import { type EngineRoom, sentence } from './engine-room';
import type { Evaluations } from './evaluation/evaluations';
import type { Explainer } from './explain';
import { exportModel } from './export-model';
import type { OneFollower } from './follower';
import { activeImage, pickImage } from './images';
import type { LayerPages } from './layers';
import type { MethodChoice } from './methods';
import type { WorkspaceModels } from './models';
import { aboutPanels } from './panel-commands';
import type { Panels } from './panels';
import { modelFor, pickModel } from './pick-model';
import { openSample } from './sample';
import { writeConfig } from './settings-file';
import { aboutSource } from './source/commands';
import type { NotebookPictures } from './source/notebooks';
import type { SourceTies } from './source/ties';
import { hasParts, partsAsked, wantedFrom, wantedRow, wantedText } from './texts';
import { isTokenWish, type TokenPanels } from './tokens/studies';
import type { ModelComparisons } from './two-models/comparisons';

export interface CommandRooms {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly engine: EngineRoom;
  readonly models: WorkspaceModels;
  readonly methods: MethodChoice;
  readonly panels: Panels;
  readonly explainer: Explainer;
  readonly layers: LayerPages;
  readonly ties: SourceTies;
  readonly notebooks: NotebookPictures;
  readonly evaluations: Evaluations;
  readonly checkpoints: Checkpoints;
  readonly comparisons: ModelComparisons;
  readonly tokens: TokenPanels;
  readonly networks: OneFollower<NetworkState>;
  readonly attention: OneFollower<AttentionState>;
  readonly debug: DebugRoom;
}

type Action = (...args: readonly unknown[]) => Promise<void>;

const isUri = (value: unknown): value is vscode.Uri => value instanceof vscode.Uri;

/** What a menu passes: the file that was clicked on, and all that are selected. */
function filesOf([clicked, selected]: readonly unknown[]): vscode.Uri[] {
  const all = Array.isArray(selected) ? selected.filter(isUri) : [];
  if (!isUri(clicked)) return all;
  return all.some((uri) => uri.toString() === clicked.toString()) ? all : [clicked];
}

/** Methods, and metrics where there are some, that a key binding names: what is named is not asked for. */
interface Named {
  readonly methods?: readonly string[];
  readonly metrics?: readonly string[];
}

function namedBy(args: readonly unknown[]): Named {
  const listed = (value: unknown): value is string[] =>
    Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === 'string');
  const named = args.find(
    (value): value is object => typeof value === 'object' && value !== null && 'methods' in value,
  );
  const { methods, metrics } = (named ?? {}) as Partial<Record<keyof Named, unknown>>;
  return { ...(listed(methods) && { methods }), ...(listed(metrics) && { metrics }) };
}

/** Registers every command; a failure is told with its code and the log at hand. */
export function registerCommands(rooms: CommandRooms): vscode.Disposable[] {
  const { debug, explainer, methods } = rooms;

  const explain = async (args: readonly unknown[], wish: { method?: string; newPanel?: boolean }): Promise<void> => {
    const active = activeImage();
    const given = filesOf(args);
    const images = given.length > 0 ? given : active ? [active] : [await pickImage()];
    const chosen = images.filter((image) => image !== undefined);
    if (chosen.length > 0) await explainer.explain({ images: chosen, ...wish });
  };

  const actions: Readonly<Record<CommandId, Action>> = {
    ...aboutModels(rooms),
    ...aboutTheEngine(rooms),
    ...aboutSource(rooms),
    ...aboutPanels(rooms),
    ...aboutCheckpoints(rooms),
    [commands.explain]: (...args) => explain(args, {}),
    [commands.explainInNewPanel]: (...args) => explain(args, { newPanel: true }),
    [commands.explainImage]: async () => {
      const image = await pickImage();
      if (image) await explainer.explain({ images: [image] });
    },
    [commands.explainActiveImage]: async () => {
      const image = activeImage();
      if (!image) throw new PrismError('NO_IMAGE', vscode.l10n.t('No image is open in the active editor.'));
      await explainer.explain({ images: [image] });
    },
    [commands.explainText]: async (...args) => {
      const wanted = await wantedText(filesOf(args).find(({ path }) => /\.txt$/i.test(path)));
      if (wanted) await explainer.explainParts(wanted);
    },
    [commands.explainTokens]: async (...args) => {
      const wish = args.find(isTokenWish);
      if (wish) return rooms.tokens.open(wish.tokens, wish.at);
      const wanted = await wantedText(filesOf(args).find(({ path }) => /\.txt$/i.test(path)));
      if (wanted) await rooms.tokens.explain(wanted);
    },
    [commands.explainRow]: async (...args) => {
      const wanted = await wantedRow(filesOf(args)[0]);
      if (wanted) await explainer.explainParts(wanted);
    },
    [commands.compareMethods]: async (...args) => {
      const [given] = filesOf(args);
      const { methods: named } = namedBy(args);
      const shown = rooms.panels.current;
      const question = shown?.active ? shown.question : undefined;
      const looked = shown?.visible && !activeImage() ? shown.question : question;
      const parts = given ? hasParts(given) && (await wantedFrom(given)) : looked && partsAsked(looked);
      if (parts) await explainer.compareParts(parts, named);
      if (parts || (given && hasParts(given))) return;
      const open = question?.image === undefined ? undefined : vscode.Uri.file(question.image);
      const image = given ?? open ?? activeImage() ?? (await pickImage());
      if (image) await explainer.compare(image, named);
    },
    [commands.compareModels]: async (...args) => rooms.comparisons.compare(filesOf(args)),
    [commands.showNetwork]: async () => rooms.networks.show(),
    [commands.showAttention]: async () => rooms.attention.show(),
    [commands.judgeMap]: async () => {
      const { current } = rooms.panels;
      if (!current?.explanation) {
        throw new PrismError('NOTHING_EXPLAINED', vscode.l10n.t('Explain an image first; its map can then be judged.'));
      }
      current.reveal();
      await current.judge();
    },
    [commands.evaluateFolder]: async (...args) => rooms.evaluations.evaluate('folder', filesOf(args)[0], namedBy(args)),
    [commands.evaluateFile]: async (...args) => rooms.evaluations.evaluate('file', filesOf(args)[0], namedBy(args)),
    [commands.chooseMethod]: async (...args) => {
      const files = filesOf(args);
      const { current } = rooms.panels;
      const model = files[0] ? await rooms.models.evident(files[0].fsPath) : current?.question?.model;
      const method = await methods.pick(model);
      if (!method) return;
      await methods.remember(method.id);
      if (files.length > 0) await explainer.explain({ images: files, method: method.id });
      else if (current?.question) {
        await current.explain({ ...current.question, method: method.id, options: methods.options(method.id) });
      }
    },
    [commands.exportPyTorch]: (...args) => exportModel(rooms.context, 'torch', args),
    [commands.exportKeras]: (...args) => exportModel(rooms.context, 'keras', args),
    [commands.cancel]: async () => explainer.cancel(),
    [commands.viewVariable]: (...args) => debug.view(...args),
    [commands.explainVariable]: (...args) => debug.explain(...args),
    [commands.lossGradient]: (...args) => debug.lossGradient(...args),
    [commands.showChanges]: () => debug.changes(),
  };

  const register = (id: string, action: Action): vscode.Disposable =>
    vscode.commands.registerCommand(id, async (...args: readonly unknown[]) => {
      try {
        await action(...args);
      } catch (error) {
        await tell(error, rooms.log);
      }
    });
  return [
    ...Object.entries(actions).map(([id, action]) => register(id, action)),
    ...methodCommands(rooms.context).map((id) =>
      register(id, (...args) => explain(args, { method: id.slice(methodPrefix.length) })),
    ),
  ];
}

/** Menus cannot be filled while VS Code runs, so the manifest knows the methods. */
function methodCommands({ extension }: vscode.ExtensionContext): string[] {
  const { contributes } = extension.packageJSON as { contributes: { commands: readonly { command: string }[] } };
  return contributes.commands.map(({ command }) => command).filter((command) => command.startsWith(methodPrefix));
}

function aboutModels(rooms: CommandRooms) {
  const { engine, layers, models, panels } = rooms;

  const modelOf = async (args: readonly unknown[]): Promise<string | undefined> => {
    const [file] = filesOf(args);
    return file?.fsPath ?? panels.current?.question?.model ?? modelFor(models);
  };

  /** Uses a model from now on, for what is explained at the moment too. */
  const use = async (model: string): Promise<void> => {
    await models.choose(model);
    const question = panels.current?.question;
    if (!question || question.model === model) return;
    const { target: _, ...rest } = question;
    await panels.current?.explain({ ...rest, model });
  };

  return {
    [commands.chooseModel]: async () => {
      const model = await pickModel(models);
      if (model !== undefined) await use(model);
    },
    [commands.useModel]: async (...args: readonly unknown[]) => {
      const [file] = filesOf(args);
      const model = file?.fsPath ?? (await pickModel(models));
      if (model === undefined) return;
      await use(model);
    },
    [commands.showLayers]: async (...args: readonly unknown[]) => {
      const model = await modelOf(args);
      if (model !== undefined) await layers.open(model);
    },
    [commands.writeConfig]: async (...args: readonly unknown[]) => {
      const model = await modelOf(args);
      if (model !== undefined) await writeConfig(engine.api, model);
    },
  };
}

function aboutTheEngine({ context, engine, log }: CommandRooms) {
  return {
    [commands.restartEngine]: () => engine.restart(),
    [commands.showLog]: async () => log.show(),
    [commands.openSample]: async (...args: readonly unknown[]) => {
      const [folder] = filesOf(args);
      await openSample(context, folder);
    },
    [commands.quickActions]: showQuickActions,
  };
}

function aboutCheckpoints({ checkpoints, panels }: CommandRooms) {
  return {
    [commands.pinImage]: async (...args: readonly unknown[]) => {
      const given = filesOf(args).map(({ fsPath }) => fsPath);
      const shown = panels.current?.active ? panels.current.question?.image : activeImage()?.fsPath;
      const images = given.length > 0 ? given : [shown ?? (await pickImage())?.fsPath];
      const chosen = images.filter((image) => image !== undefined);
      if (chosen.length > 0) await checkpoints.pin(chosen);
    },
    [commands.unpinImages]: () => checkpoints.unpinAll(),
    [commands.watchCheckpoints]: () => checkpoints.chooseFiles(),
    [commands.clearCheckpoints]: async () => checkpoints.clear(),
  };
}

/** What a click on the status bar offers. */
async function showQuickActions(): Promise<void> {
  const { t } = vscode.l10n;
  const action = (command: CommandId, icon: string, label: string) => ({
    command,
    label,
    iconPath: new vscode.ThemeIcon(icon),
  });
  const picked = await vscode.window.showQuickPick(
    [
      action(commands.explainImage, 'eye', t('Explain Image…')),
      action(commands.explainText, 'symbol-text', t('Explain Text…')),
      action(commands.explainTokens, 'list-flat', t('Explain Text Token by Token…')),
      action(commands.explainRow, 'table', t('Explain Row of a Table…')),
      action(commands.compareMethods, 'layout', t('Compare Methods…')),
      action(commands.compareModels, 'git-compare', t('Compare Two Models…')),
      action(commands.evaluateFolder, 'graph', t('Evaluate Methods on Folder…')),
      action(commands.evaluateFile, 'graph', t('Evaluate Methods on Texts or Rows…')),
      action(commands.chooseModel, 'circuit-board', t('Choose Model…')),
      action(commands.chooseMethod, 'beaker', t('Choose Method…')),
      action(commands.showNetwork, 'type-hierarchy', t('Show Network View')),
      action(commands.showAttention, 'symbol-array', t('Show Attention')),
      action(commands.showLayers, 'list-tree', t('Show Layers')),
      action(commands.writeConfig, 'settings-gear', t('Write Model Settings')),
      action(commands.pinImage, 'pin', t('Pin Image for Checkpoints')),
      action(commands.cancel, 'debug-stop', t('Cancel')),
      action(commands.restartEngine, 'debug-restart', t('Restart Engine')),
      action(commands.showLog, 'output', t('Show Log')),
      action(commands.openSample, 'package', t('Open Sample Workspace')),
    ],
    { title: 'Model Prism' },
  );
  if (picked) await vscode.commands.executeCommand(picked.command);
}

async function tell(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  const failure = toRemoteError(error);
  if (failure.code === 'CANCELLED') return;
  log.error(`${failure.code}: ${failure.message}`);
  const showLog = vscode.l10n.t('Show Log');
  if ((await vscode.window.showErrorMessage(sentence(failure), showLog)) === showLog) log.show();
}
