import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import type { CheckpointHostApi, CheckpointState, PinnedImage } from '../../protocol/checkpoints';
import type { Implementation } from '../../rpc';
import { checkpointsViewType, commands } from '../contributions';
import type { EngineRoom } from '../engine-room';
import type { MethodChoice } from '../methods';
import type { WorkspaceModels } from '../models';
import type { Panels } from '../panels';
import type { Pins } from '../pins';
import { onSettings, setting } from '../settings';
import { BackgroundEngine } from './background';
import { Timeline } from './timeline';
import { CheckpointView } from './view';
import { CheckpointWatch } from './watch';

/** Models that stand in for the checkpoints to come. */
const SMALL_BYTES = 32e6;

export interface CheckpointRooms {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly engine: EngineRoom;
  readonly models: WorkspaceModels;
  readonly methods: MethodChoice;
  readonly panels: Panels;
  readonly pins: Pins;
}

/** Pinned images are explained again by every checkpoint that a training writes, and shown as a strip over time. */
export class Checkpoints implements vscode.Disposable {
  readonly #rooms: CheckpointRooms;
  readonly #engine: BackgroundEngine;
  readonly #timeline: Timeline;
  readonly #view: CheckpointView;
  readonly #disposables: vscode.Disposable[];
  #watch?: CheckpointWatch;
  #signed = true;
  /** How many images were pinned when this was looked at last. */
  #count = 0;
  #following: Promise<void> = Promise.resolve();
  #method = '';
  #methodTitle = '';

  constructor(rooms: CheckpointRooms) {
    this.#rooms = rooms;
    const { context, log, methods } = rooms;
    this.#engine = new BackgroundEngine(context, log, () => {
      const id = this.#method;
      return { id, options: methods.options(id) };
    });
    this.#timeline = new Timeline(
      this.#engine,
      () => this.#view.update(),
      () => setting('sameReason'),
    );
    this.#view = new CheckpointView(context.extensionUri, this.#host, () => this.state);
    this.#disposables = [
      this.#engine,
      this.#view,
      vscode.window.registerWebviewViewProvider(checkpointsViewType, this.#view),
      onSettings(['checkpoints'], () => void this.#restart()),
      onSettings(['provider', 'cache.enabled', 'cache.directory'], () => this.#engine.stop()),
      rooms.pins.onChanged(() => {
        this.#following = this.#follow();
      }),
      rooms.models.onChanged(() => void this.#modelChanged()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.#restart()),
    ];
    this.#timeline.pin(this.#images);
    this.#count = this.#images.length;
    void this.#restart();
  }

  dispose(): void {
    this.#watch?.dispose();
    this.#timeline.clear();
    for (const disposable of this.#disposables) disposable.dispose();
  }

  get state(): CheckpointState {
    return {
      images: this.#images.map((image) => this.#pinned(image)),
      steps: this.#timeline.steps,
      watched: this.#watched,
      method: this.#methodTitle,
      signed: this.#signed,
      l10n: vscode.l10n.bundle ?? {},
    };
  }

  /** Pins images, and shows the view. */
  async pin(images: readonly string[]): Promise<void> {
    await this.#rooms.pins.add(images);
    await this.#following;
    await vscode.commands.executeCommand(`${checkpointsViewType}.focus`);
  }

  unpinAll(): Promise<void> {
    return this.#rooms.pins.clear();
  }

  /** Lets the person say which files are checkpoints. */
  async chooseFiles(): Promise<void> {
    const pattern = await vscode.window.showInputBox({
      title: vscode.l10n.t('Which files are checkpoints?'),
      prompt: vscode.l10n.t(
        'A pattern below the workspace folder, such as checkpoints/*.onnx. Empty: the model itself.',
      ),
      value: setting('checkpoints'),
      placeHolder: 'checkpoints/*.onnx',
    });
    if (pattern === undefined) return;
    await vscode.workspace
      .getConfiguration('modelPrism')
      .update('checkpoints', pattern.trim() || undefined, vscode.ConfigurationTarget.Workspace);
  }

  clear(): void {
    this.#timeline.clear();
  }

  get #images(): readonly string[] {
    return this.#rooms.pins.images;
  }

  get #watched(): string {
    return setting('checkpoints') || path.basename(this.#model ?? '');
  }

  #model?: string;

  /** Follows the pins; watches as long as there are some. */
  async #follow(): Promise<void> {
    const images = this.#images;
    const first = this.#count === 0;
    this.#count = images.length;
    this.#timeline.pin(images);
    if (first || images.length === 0) await this.#restart();
  }

  #pinned(image: string): PinnedImage {
    return { path: image, name: path.basename(image), source: this.#view.address(image) };
  }

  async #modelChanged(): Promise<void> {
    if (setting('checkpoints') === '' && (await this.#rooms.models.evident(this.#images[0])) !== this.#model)
      await this.#restart();
  }

  /** Watches by the settings in force; nothing as long as no image is pinned or the workspace is not trusted. */
  async #restart(): Promise<void> {
    this.#watch?.dispose();
    this.#watch = undefined;
    this.#timeline.clear();
    const [first] = this.#images;
    if (first === undefined || !vscode.workspace.isTrusted) {
      this.#engine.stop();
      return;
    }
    const { methods, engine, models, log } = this.#rooms;
    this.#method = methods.current;
    this.#model = await models.evident(first);
    const watch = new CheckpointWatch(patternsOf(setting('checkpoints'), this.#model), (file, time) => {
      log.info(`checkpoints: ${file} was written`);
      this.#timeline.add(file, nameOf(file, time), time);
    });
    this.#watch = watch;
    const summary = (await engine.methods()).find(({ id }) => id === this.#method);
    this.#signed = summary?.signed ?? true;
    this.#methodTitle = summary?.title ?? this.#method;
    await watch.begin();
    if (this.#timeline.steps.length > 0) return;
    const like = this.#model ?? (await smallest(await models.find()));
    if (this.#watch === watch) await this.#engine.warm(like, first);
  }

  readonly #host: Implementation<CheckpointHostApi> = {
    ready: async () => this.state,
    map: async ({ step, image }) => {
      const map = this.#timeline.map(step, image);
      if (map) return map;
      throw new PrismError('CHECKPOINT_GONE', vscode.l10n.t('This checkpoint is no longer kept.'));
    },
    change: async ({ from, to, image }) => (await this.#timeline.changeBetween(from, to, image)) ?? null,
    open: async ({ step, image }) => {
      const found = this.#timeline.steps.find(({ id }) => id === step);
      const { panels, methods } = this.#rooms;
      if (!found) throw new PrismError('CHECKPOINT_GONE', vscode.l10n.t('This checkpoint is no longer kept.'));
      const method = this.#method;
      void panels.explain({ model: found.path, image, method, options: methods.options(method) });
    },
    pin: async () => void (await vscode.commands.executeCommand(commands.pinImage)),
    unpin: async ({ image }) => this.#rooms.pins.remove(image),
  };
}

/** The smallest of several models, unless even that one would take long to run. */
async function smallest(files: readonly string[]): Promise<string | undefined> {
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(file).catch(() => undefined))?.size ?? Infinity),
  );
  const least = Math.min(...sizes);
  return least < SMALL_BYTES ? files[sizes.indexOf(least)] : undefined;
}

const nameOf = (file: string, time: number): string => {
  const stem = path.basename(file, '.onnx');
  return `${stem} ${new Date(time).toLocaleTimeString()}`;
};

/** The files that are watched: a pattern in every folder of the workspace, or the model itself. */
function patternsOf(pattern: string, model: string | undefined): vscode.RelativePattern[] {
  if (pattern === '') {
    if (model === undefined) return [];
    return [new vscode.RelativePattern(vscode.Uri.file(path.dirname(model)), path.basename(model))];
  }
  if (path.isAbsolute(pattern)) {
    return [new vscode.RelativePattern(vscode.Uri.file(path.dirname(pattern)), path.basename(pattern))];
  }
  return (vscode.workspace.workspaceFolders ?? []).map((folder) => new vscode.RelativePattern(folder, pattern));
}
