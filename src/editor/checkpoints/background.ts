import type * as vscode from 'vscode';
import type { ClassScore, OptionValues, ScalarMap } from '../../protocol';
import type { MapChange } from '../../protocol/study';
import { QuietEngine } from '../quiet-engine';
import type { CheckpointExplainer } from './timeline';

/** After so long without a checkpoint the engine's memory is given back: an epoch may take its time. */
const IDLE_MS = 3_600_000;

/** How checkpoints are explained. */
export interface Method {
  readonly id: string;
  readonly options: OptionValues;
}

/**
 * An engine of its own for checkpoints, behind everything else that the machine has to do: neither a training that runs
 * nor the person at the panel waits for it.
 */
export class BackgroundEngine implements CheckpointExplainer, vscode.Disposable {
  readonly #engine: QuietEngine;

  constructor(
    context: Pick<vscode.ExtensionContext, 'extensionPath' | 'globalStorageUri'>,
    private readonly log: vscode.LogOutputChannel,
    private readonly method: () => Method,
  ) {
    this.#engine = new QuietEngine(context, log, 'checkpoints', IDLE_MS);
  }

  /**
   * Makes the first checkpoint no later than the others: the process runs, and has explained once what is there.
   *
   * @param model one like the checkpoints that are waited for, if any is known
   */
  async warm(model: string | undefined, image: string): Promise<void> {
    try {
      if (model === undefined) await this.#engine.api();
      else await this.explain(model, image, new AbortController().signal);
    } catch (error) {
      this.log.info(`checkpoints: the engine starts with the first of them: ${error}`);
    }
  }

  async explain(
    model: string,
    image: string,
    signal: AbortSignal,
  ): Promise<{ readonly target: ClassScore; readonly map: ScalarMap }> {
    const api = await this.#engine.api();
    const { id, options } = this.method();
    const explanation = await api.explain({ model, image, method: id, options }, { cancel: signal });
    api.release({ explanation: explanation.id }).catch(() => {});
    const { target, map, ms } = explanation;
    this.log.info(`checkpoints: ${id} of ${image} by ${model}: ${target.label}, ${JSON.stringify(ms)} ms`);
    return { target, map };
  }

  async compare(first: ScalarMap, second: ScalarMap): Promise<MapChange | null> {
    return (await this.#engine.api()).compareMaps({ first, second });
  }

  stop(): void {
    this.#engine.stop();
  }

  dispose(): void {
    this.#engine.dispose();
  }
}
