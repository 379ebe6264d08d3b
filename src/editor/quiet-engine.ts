import type * as vscode from 'vscode';
import type { EngineClient } from '../engine/client';
import type { ServiceApi } from '../protocol/service';
import type { Client } from '../rpc';
import { createEngine, requireModelTrust } from './engine-room';
import { putLastInLine } from './last-in-line';

/**
 * An engine of its own for what nobody waits for, behind everything else that the machine has to do. It starts when it
 * is asked something, and its memory is given back when it has had nothing to do for a while.
 */
export class QuietEngine implements vscode.Disposable {
  readonly #create: () => EngineClient;
  #engine?: EngineClient;
  #idle?: NodeJS.Timeout;
  #disposed = false;

  /** @param name what its lines in the log begin with */
  constructor(
    context: Pick<vscode.ExtensionContext, 'extensionPath' | 'globalStorageUri'>,
    private readonly log: vscode.LogOutputChannel,
    private readonly name: string,
    private readonly idleMs: number,
  ) {
    this.#create = () => createEngine(context, (line) => log.info(`${name}: ${line}`));
  }

  /** The engine, running. Throws WORKSPACE_NOT_TRUSTED. */
  async api(): Promise<Client<ServiceApi>> {
    requireModelTrust();
    clearTimeout(this.#idle);
    if (!this.#disposed) this.#idle = setTimeout(() => this.stop(), this.idleMs);
    this.#engine ??= this.#create();
    const engine = this.#engine;
    const running = engine.status.state === 'ready';
    const { pid } = await engine.start();
    if (!running) this.#yield(pid);
    return engine.api;
  }

  /** The process and what it holds are given up; the next request starts another. */
  stop(): void {
    clearTimeout(this.#idle);
    this.#engine?.dispose();
    this.#engine = undefined;
  }

  dispose(): void {
    this.#disposed = true;
    this.stop();
  }

  #yield(pid: number): void {
    try {
      putLastInLine(pid);
    } catch (error) {
      this.log.warn(`${this.name}: the engine keeps its priority: ${error}`);
    }
  }
}
