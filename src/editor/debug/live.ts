import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import { encodePicture } from '../../inputs/image';
import { writeNpy } from '../../inputs/npy';
import type { Explanation } from '../../protocol';
import type { EngineRoom } from '../engine-room';
import type { Explainer } from '../explain';
import type { MethodChoice } from '../methods';
import type { WorkspaceModels } from '../models';
import type { Panels } from '../panels';
import { modelFor } from '../pick-model';
import { pickRow } from '../texts';
import type { Debuggee, Stop } from './debuggee';
import { type StopFiles, writeNamed } from './store';

/** What a stopped frame can reach, by the expressions that reach it. */
interface Scope {
  readonly modules: readonly { readonly expression: string; readonly type: string }[];
  readonly tensors: readonly {
    readonly expression: string;
    readonly shape: readonly number[];
    readonly computed: boolean;
  }[];
  readonly losses: readonly { readonly expression: string }[];
  /** Whether the variable that was asked about is a module. */
  readonly module: boolean;
  /** What else it may be. */
  readonly part: 'text' | 'rows' | null;
}

interface Exported {
  readonly size: number;
  readonly type: string;
  readonly exporter: string;
  readonly notes: readonly string[];
  /** Name and version. */
  readonly framework: string;
}

interface Item {
  readonly shape: readonly number[];
  /** Rows × columns × channels of a picture, or the input of a module. */
  readonly picture: boolean;
  readonly element: 'uint8' | 'float32';
}

export interface LossGradient {
  readonly input: string;
  readonly loss: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly value: number;
  readonly notes: readonly string[];
}

/** The explanation of one stop, as another one of the same question is compared with it. */
export interface StopRecord {
  readonly where: string;
  readonly explanation: Explanation;
}

export interface LiveRooms {
  readonly debuggee: Debuggee;
  readonly engine: EngineRoom;
  readonly models: WorkspaceModels;
  readonly methods: MethodChoice;
  readonly panels: Panels;
  readonly files: StopFiles;
  readonly explainer: Explainer;
  readonly log: vscode.LogOutputChannel;
}

const scopes = { expression: '[locals(), globals()]' };

/** Explains what a paused program holds: by its own modules as they are, or by the workspace's models. */
export class LiveExplainer {
  /** Explanations of earlier stops by what was asked: module, input, method. */
  readonly #records = new Map<string, StopRecord[]>();

  constructor(private readonly rooms: LiveRooms) {}

  /**
   * Explains a module or an input of the stopped frame, asking for the other where there are several.
   *
   * @returns this stop's record and the previous one's; undefined when the person gave up
   */
  async explain(
    stop: Stop,
    expression: string,
    item: number,
    signal: AbortSignal,
  ): Promise<readonly StopRecord[] | undefined> {
    const { header: scope } = await this.rooms.debuggee.ask<Scope>(
      stop,
      'live',
      'scope',
      [scopes, { expression }],
      signal,
    );
    if (scope.module) {
      const input = await pickInput(scope);
      return input === undefined ? undefined : this.#byModule(stop, expression, input, item, signal);
    }
    if (scope.part !== null) {
      await this.#byPart(stop, expression, scope.part, signal);
      return [];
    }
    const taken = await this.rooms.debuggee.ask<Item>(
      stop,
      'live',
      'item',
      [{ expression }, { data: { item } }],
      signal,
    );
    const model = await this.#pickModel(scope, taken.header.picture);
    if (model === undefined) return undefined;
    if ('module' in model) return this.#byModule(stop, model.module, expression, item, signal);
    return this.#byFile(stop, expression, item, model.file, taken.header, taken.payload);
  }

  /** A text, or a row of a table: the only one, or one of the person's choice. */
  async #byPart(stop: Stop, expression: string, part: 'text' | 'rows', signal: AbortSignal): Promise<void> {
    const { debuggee, explainer, files } = this.rooms;
    const asked = debuggee.ask<{ readonly rows?: number }>(stop, 'live', 'part', [{ expression }], signal);
    const { header, payload } = await asked;
    const text = new TextDecoder().decode(payload);
    if (part === 'text') return explainer.explainParts({ input: { text }, file: stop.file });
    const table = await writeNamed(await files.create(), nameOf(expression, 0, stop), 'csv', payload);
    const row = header.rows === 1 ? 1 : await pickRow(text, table, 0);
    if (row !== undefined) await explainer.explainParts({ input: { row: `${table}:${row}` }, file: stop.file });
  }

  /** The gradient of the step's loss with respect to its input. Undefined when the person gave up. */
  async lossGradient(stop: Stop, expression: string, signal: AbortSignal): Promise<LossGradient | undefined> {
    const { debuggee } = this.rooms;
    const { header: scope } = await debuggee.ask<Scope>(stop, 'live', 'scope', [scopes, { expression }], signal);
    const isLoss = scope.losses.some((loss) => loss.expression === expression);
    const loss = isLoss ? expression : await pickOne(scope.losses, vscode.l10n.t('Which loss?'), noLoss);
    if (loss === undefined) return undefined;
    const input = isLoss || scope.module ? await pickInput(scope) : expression;
    if (input === undefined) return undefined;
    const module = scope.module ? expression : await pickModule(scope);
    const { header, payload } = await debuggee.ask<{
      readonly shape: readonly number[];
      readonly notes: readonly string[];
      readonly loss: number;
    }>(
      stop,
      'live',
      'loss_gradient',
      [{ expression: loss }, { expression: input }, scopes, { data: { module: module ?? null } }],
      signal,
    );
    const data = new Float32Array(payload.slice().buffer);
    return { input, loss, shape: header.shape, data, value: header.loss, notes: header.notes };
  }

  async #byModule(
    stop: Stop,
    module: string,
    input: string,
    item: number,
    signal: AbortSignal,
  ): Promise<readonly StopRecord[]> {
    const { debuggee, files, log } = this.rooms;
    const started = performance.now();
    const exported = await this.#export(stop, module, input, item, signal);
    const taken = await debuggee.ask<Item>(stop, 'live', 'item', [{ expression: input }, { data: { item } }], signal);
    const { type, exporter, framework, size, notes } = exported.header;
    if (taken.header.element !== 'float32') {
      throw new PrismError(
        'VARIABLE_NO_TENSOR',
        vscode.l10n.t('{0} is a picture of bytes; choose the tensor that {1} is called with.', input, module),
      );
    }
    const fetched = Math.round(performance.now() - started);
    log.info(`${module} (${type}) at ${stop.where}: ${size} bytes by ${exporter} of ${framework}, ${fetched} ms`);
    for (const note of notes) log.warn(`${module}: ${note}`);
    const folder = await files.create();
    const model = await writeNamed(folder, nameOf(module, 0, stop), 'onnx', exported.data);
    return this.#byArray(stop, model, `${module}|${input}|${item}`, nameOf(input, item, stop), 'input', taken, folder);
  }

  /** The module as ONNX, slice by slice. Whatever is kept for it in the program is dropped at the end. */
  async #export(
    stop: Stop,
    module: string,
    input: string,
    item: number,
    signal: AbortSignal,
  ): Promise<{ header: Exported; data: Uint8Array }> {
    const { debuggee } = this.rooms;
    const args = [{ expression: module }, { expression: input }, { data: { item } }, scopes];
    const { header, payload } = await debuggee.ask<Exported>(stop, 'live', 'export', args, signal);
    const data = new Uint8Array(header.size);
    data.set(payload);
    let filled = payload.length;
    try {
      while (filled < header.size) {
        const more = await debuggee.ask(stop, 'live', 'more', [{ data: filled }], signal);
        if (more.payload.length === 0) {
          throw new PrismError(
            'EVALUATION_FAILED',
            vscode.l10n.t('The program went on while {0} was fetched.', module),
          );
        }
        data.set(more.payload, filled);
        filled += more.payload.length;
      }
    } catch (error) {
      // Another stop may be too late to say so; the next export takes its place then.
      await debuggee.ask(stop, 'live', 'more', [{ data: -1 }]).catch(() => {});
      throw error;
    }
    return { header, data };
  }

  async #byFile(
    stop: Stop,
    expression: string,
    item: number,
    model: string,
    header: Item,
    payload: Uint8Array,
  ): Promise<readonly StopRecord[]> {
    const { engine, files } = this.rooms;
    const folder = await files.create();
    const name = nameOf(expression, item, stop);
    const key = `${model}|${expression}|${item}`;
    if (header.picture && header.element === 'uint8') {
      const [height, width] = header.shape;
      const image = await writeNamed(folder, name, 'png', await encodePicture({ width, height, data: payload }, 'png'));
      return this.#show(stop, key, { model, image });
    }
    if (header.picture) {
      throw new PrismError(
        'VARIABLE_NO_TENSOR',
        vscode.l10n.t('{0} is a picture of floating point numbers; choose one of bytes or a tensor.', expression),
      );
    }
    const { inputs } = await engine.api.model({ path: model });
    const input = inputs[0]?.name ?? '';
    return this.#byArray(stop, model, key, name, input, { header, payload }, folder);
  }

  async #byArray(
    stop: Stop,
    model: string,
    key: string,
    name: string,
    input: string,
    { header, payload }: { readonly header: Item; readonly payload: Uint8Array },
    folder: string,
  ): Promise<readonly StopRecord[]> {
    const data = new Float32Array(payload.slice().buffer);
    const file = await writeNamed(folder, name, 'npy', writeNpy({ dtype: 'float32', shape: [...header.shape], data }));
    return this.#show(stop, key, { model, image: file, inputs: { [input]: file } });
  }

  async #show(
    stop: Stop,
    what: string,
    question: { readonly model: string; readonly image: string; readonly inputs?: Readonly<Record<string, string>> },
  ): Promise<readonly StopRecord[]> {
    const { methods, panels } = this.rooms;
    const method = methods.current;
    await panels.explain({ ...question, method, options: methods.options(method) });
    const explanation = panels.current?.explanation;
    // The panel tells of its own failures.
    if (!explanation || panels.current?.state.status !== 'ready') return [];
    const key = `${stop.program.name}|${what}|${method}`;
    const records = [...(this.#records.get(key) ?? []).slice(-1), { where: stop.where, explanation }];
    this.#records.set(key, records);
    return records;
  }

  async #pickModel(
    { modules }: Scope,
    picture: boolean,
  ): Promise<{ readonly module: string } | { readonly file: string } | undefined> {
    const { models } = this.rooms;
    const files = await models.find();
    // Bytes go through the preprocessing of a model's settings, which a module in the program does not have.
    const live = picture ? [] : modules;
    if (live.length === 0) {
      const file = await modelFor(models);
      return file === undefined ? undefined : { file };
    }
    const [first] = live;
    if (live.length === 1 && files.length === 0) return { module: first.expression };
    const chosen = await vscode.window.showQuickPick(
      [
        ...live.map(({ expression, type }) => ({
          label: expression,
          description: type,
          detail: vscode.l10n.t('The module of the paused program, with its weights of this moment'),
          iconPath: new vscode.ThemeIcon('debug-alt'),
          model: { module: expression },
        })),
        ...files.map((file) => ({
          label: vscode.workspace.asRelativePath(file),
          description: '',
          detail: vscode.l10n.t('A model of the workspace'),
          iconPath: new vscode.ThemeIcon('circuit-board'),
          model: { file },
        })),
      ],
      { title: vscode.l10n.t('Explain by which model?') },
    );
    return chosen?.model;
  }
}

const nameOf = (expression: string, item: number, { where }: Stop): string =>
  `${expression}${item > 0 ? ` item ${item}` : ''} (${where.replace(':', ' ')})`;

const noLoss = (): PrismError =>
  new PrismError(
    'NO_LOSS',
    vscode.l10n.t('No variable in scope is a loss: a scalar tensor with a gradient that has not run backward yet.'),
  );

const noInput = (): PrismError =>
  new PrismError('NO_INPUT', vscode.l10n.t('No tensor in scope could be the input of the module.'));

/** One of several variables; the only one without asking. */
async function pickOne(
  found: readonly { readonly expression: string; readonly shape?: readonly number[] }[],
  title: string,
  none: () => PrismError,
): Promise<string | undefined> {
  const [first] = found;
  if (!first) throw none();
  if (found.length === 1) return first.expression;
  const items = found.map(({ expression, shape }) => ({
    label: expression,
    description: shape ? shape.join(' × ') : '',
  }));
  return (await vscode.window.showQuickPick(items, { title }))?.label;
}

/** The tensor that a module is called with: one that nothing has computed, of the highest rank there is. */
async function pickInput({ tensors }: Scope): Promise<string | undefined> {
  const given = tensors.filter(({ computed }) => !computed);
  const able = given.length > 0 ? given : tensors;
  const rank = Math.max(0, ...able.map(({ shape }) => shape.length));
  const likely = able.filter(({ shape }) => shape.length === rank);
  return pickOne(likely, vscode.l10n.t('Which input?'), noInput);
}

const pickModule = async ({ modules }: Scope): Promise<string | undefined> =>
  modules.length === 0 ? undefined : pickOne(modules, vscode.l10n.t('Which module?'), noInput);
