import type * as vscode from 'vscode';
import type { Explanation } from '../../protocol';
import type { SilentUnits } from '../../protocol/source';
import { toRemoteError } from '../../rpc';
import type { EngineRoom } from '../engine-room';

/** Maps are asked for by the part, so that a person's own questions come between. */
const MAPS_AT_ONCE = 8;

/** What the last explanation says of each layer of the model. */
export class LayerFacts {
  #explanation?: string;
  #shares: ReadonlyMap<string, number> = new Map();
  #silent: ReadonlyMap<string, SilentUnits> = new Map();

  constructor(
    private readonly engine: EngineRoom,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** The layer's part of the relevance of the whole input, where the method tells it. */
  share(layer: string | undefined): number | undefined {
    return layer === undefined ? undefined : this.#shares.get(layer);
  }

  /** How many units the input leaves at zero, of a rectified layer. */
  silent(layer: string | undefined): SilentUnits | undefined {
    return layer === undefined ? undefined : this.#silent.get(layer);
  }

  /** Asks for the facts of an explanation; true once there are new ones. */
  async follow(explanation: Explanation): Promise<boolean> {
    const { id } = explanation;
    if (id === this.#explanation) return false;
    this.#explanation = id;
    [this.#shares, this.#silent] = [new Map(), new Map()];
    try {
      const shares = await this.#weigh(explanation);
      const silent = await this.engine.api.silent({ explanation: id });
      if (id !== this.#explanation) return false;
      this.#shares = shares;
      this.#silent = new Map(silent.map((one) => [one.layer, one]));
    } catch (error) {
      // The explanation has been replaced; the next one comes with facts of its own.
      this.log.debug(`facts of layers: ${toRemoteError(error).message}`);
    }
    return id === this.#explanation;
  }

  /** Sums of layers over that of the input. */
  async #weigh({ id, layers, statistics }: Explanation): Promise<Map<string, number>> {
    const whole = statistics.sum;
    const isTelling = Math.abs(whole) > 1e-6 * Math.max(Math.abs(statistics.min), Math.abs(statistics.max));
    const shares = new Map<string, number>();
    for (let at = 0; isTelling && at < layers.length; at += MAPS_AT_ONCE) {
      const some = layers.slice(at, at + MAPS_AT_ONCE).map((layer) => layer.id);
      const maps = await this.engine.api.layerMaps({ explanation: id, layers: some });
      if (id !== this.#explanation) break;
      maps.forEach(({ data }, index) => {
        shares.set(some[index], data.reduce((sum, value) => sum + value, 0) / whole);
      });
    }
    return shares;
  }
}
