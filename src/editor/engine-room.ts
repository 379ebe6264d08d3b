import * as path from 'node:path';
import * as vscode from 'vscode';
import { EngineClient } from '../engine/client';
import type { PrismError } from '../graph/errors';
import type { MethodSummary } from '../protocol';
import type { ServiceApi } from '../protocol/service';
import type { Unfit } from '../protocol/study';
import type { Client } from '../rpc';
import { commands } from './contributions';
import { onSettings, setting } from './settings';
import { requireTrust } from './trust';

/** An engine by the settings in force, which starts when it is asked something. */
export function createEngine(
  { extensionPath, globalStorageUri }: Pick<vscode.ExtensionContext, 'extensionPath' | 'globalStorageUri'>,
  log: (line: string) => void,
): EngineClient {
  const cacheDir = (): string | null => {
    if (!setting('cache.enabled')) return null;
    return setting('cache.directory') || path.join(globalStorageUri.fsPath, 'cache');
  };
  return new EngineClient({
    module: path.join(extensionPath, 'dist', 'engine.js'),
    settings: () => ({ cacheDir: cacheDir(), provider: setting('provider') }),
    log,
  });
}

/** Stands before every engine. Throws WORKSPACE_NOT_TRUSTED: a model of a folder that is not trusted is not opened. */
export const requireModelTrust = (): void =>
  requireTrust(
    vscode.l10n.t(
      'Models of this workspace are not opened before you trust it: run “Workspaces: Manage Workspace Trust”.',
    ),
  );

/** What a person is told of; other endings were asked for. */
const alarming: ReadonlySet<string> = new Set(['ENGINE_CRASHED', 'ENGINE_START_FAILED']);

/** The engine of this window, supervised: it starts when needed, and its crashes are told with what to do. */
export class EngineRoom implements vscode.Disposable {
  readonly client: EngineClient;
  readonly #restarted = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[];
  #methods?: readonly MethodSummary[];

  /** Fired after the engine has started again with other settings: what it had computed is gone. */
  readonly onRestarted = this.#restarted.event;

  constructor(
    context: Pick<vscode.ExtensionContext, 'extensionPath' | 'globalStorageUri'>,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.client = createEngine(context, (line) => log.info(line));
    const status = this.client.onStatus(({ state, ...rest }) => {
      if (state === 'ended' && 'error' in rest && alarming.has(rest.error.code)) void this.#tell(rest.error);
    });
    this.#disposables = [
      this.client,
      status,
      this.#restarted,
      onSettings(['provider', 'cache.enabled', 'cache.directory'], () => void this.#settingsChanged()),
    ];
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  /** The engine's requests. Throws WORKSPACE_NOT_TRUSTED. */
  get api(): Client<ServiceApi> {
    requireModelTrust();
    return this.client.api;
  }

  /** The methods that the engine knows, in the order in which they are offered. */
  async methods(): Promise<readonly MethodSummary[]> {
    this.#methods ??= await this.api.methods({});
    return this.#methods;
  }

  /** The methods that a model is beyond; none where the model itself cannot be read, which explaining will tell. */
  async unfit(model: string): Promise<readonly Unfit[]> {
    try {
      return await this.api.unfit({ model });
    } catch (error) {
      this.log.warn(`which methods fit ${model}: ${error}`);
      return [];
    }
  }

  /** Starts the engine anew, whatever it is doing. */
  async restart(): Promise<void> {
    const { provider } = await this.client.restart();
    void vscode.window.showInformationMessage(vscode.l10n.t('The engine was restarted ({0}).', provider));
  }

  async #settingsChanged(): Promise<void> {
    if (this.client.status.state === 'stopped') return;
    try {
      await this.client.restart();
      this.#restarted.fire();
    } catch {
      // The status says why, and has been told.
    }
  }

  async #tell(error: PrismError): Promise<void> {
    this.log.error(`${error.code}: ${error.message}`);
    const restart = vscode.l10n.t('Restart Engine');
    const showLog = vscode.l10n.t('Show Log');
    const answer = await vscode.window.showErrorMessage(sentence(error), restart, showLog);
    if (answer === restart) await vscode.commands.executeCommand(commands.restartEngine);
    if (answer === showLog) this.log.show();
  }
}

/** Engine messages begin in lower case, as they follow `error[CODE]:` in a shell. */
export const sentence = ({ code, message }: { readonly code: string; readonly message: string }): string =>
  `${message.charAt(0).toUpperCase()}${message.slice(1)} (${code})`;
