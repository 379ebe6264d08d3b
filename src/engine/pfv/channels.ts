import { PrismError } from '../../graph/errors';
import type { FloatArray } from '../../graph/ndarray';
import { gradientOf } from '../../methods/gradient';
import type { RemoteError, ScalarMap } from '../../protocol';
import type { PfvChannel, PfvChannels, PfvPlace } from '../../protocol/pfv';
import { toRemoteError } from '../../rpc';
import { type Answer, pfvOf, positionIn, subjectOf } from '../explain';
import { channelPlane, flatLocation, layerNamed, layerValue, type Vectors, vectorsOf } from './vectors';

/** The PFVs of one layer for one explanation, and how the score changes with them. */
interface Features {
  readonly vectors: Vectors;
  readonly slopes?: Vectors;
  /** Why there are no slopes. */
  readonly missing?: RemoteError;
}

/** The channels of the layer that was asked about last, of every explanation that lives. */
export class LayerChannels {
  readonly #last = new WeakMap<Answer, { readonly layer: string; readonly features: Promise<Features> }>();

  /**
   * @throws PrismError METHOD_WITHOUT_LAYERS, PFV_UNKNOWN_LAYER, PFV_OUT_OF_RANGE
   */
  async strongest(answer: Answer, { layer, x, y }: PfvPlace, most: number): Promise<PfvChannels> {
    const { vectors, slopes, missing } = await this.#features(answer, layer);
    const location = locationOf(answer, layer, x, y, vectors);
    let squared = 0;
    const all = Array.from({ length: vectors.channels }, (_, channel): PfvChannel => {
      const value = vectors.at(location, channel);
      squared += value * value;
      return { channel, value, ...(slopes && { contribution: value * slopes.at(location, channel) }) };
    });
    const by = (size: (part: PfvChannel) => number): PfvChannel[] =>
      all
        .filter((part) => size(part) !== 0)
        .sort((a, b) => Math.abs(size(b)) - Math.abs(size(a)))
        .slice(0, most);
    return {
      layer,
      x,
      y,
      count: vectors.channels,
      norm: Math.sqrt(squared),
      largest: by(({ value }) => value),
      ...(slopes && { contributing: by(({ contribution = 0 }) => contribution) }),
      ...(missing && { missing }),
    };
  }

  /**
   * The activation of one channel.
   *
   * @throws PrismError METHOD_WITHOUT_LAYERS, PFV_UNKNOWN_LAYER, PFV_OUT_OF_RANGE
   */
  async map(answer: Answer, layer: string, channel: number): Promise<ScalarMap> {
    const { vectors } = await this.#features(answer, layer);
    if (!Number.isInteger(channel) || channel < 0 || channel >= vectors.channels) {
      throw new PrismError('PFV_OUT_OF_RANGE', `${layer} has ${vectors.channels} channels, counted from 0`);
    }
    return channelPlane(vectors, channel);
  }

  async #features(answer: Answer, layer: string): Promise<Features> {
    const known = this.#last.get(answer);
    if (known?.layer === layer) return known.features;
    const made = { layer, features: featuresOf(answer, layer) };
    this.#last.set(answer, made);
    try {
      return await made.features;
    } catch (error) {
      // Asked again, it is tried again.
      if (this.#last.get(answer) === made) this.#last.delete(answer);
      throw error;
    }
  }
}

function locationOf(answer: Answer, layer: string, x: number, y: number, { locations }: Vectors): number {
  const position = positionIn(pfvOf(answer), layer, x, y);
  if (position.every((at, axis) => Number.isInteger(at) && at >= 0 && at < locations[axis])) {
    return flatLocation(position, locations);
  }
  throw new PrismError('PFV_OUT_OF_RANGE', `there is no PFV at ${x}, ${y} of ${layer}`);
}

async function featuresOf(answer: Answer, layer: string): Promise<Features> {
  const { channels } = layerNamed(pfvOf(answer).layers, layer);
  const { prepared, score } = answer;
  const vectors = vectorsOf(await layerValue(prepared, layer), channels);
  const subject = subjectOf(prepared, score, layer);
  try {
    const { gradients } = await gradientOf(subject, [layer], prepared.specialised.runtime);
    return { vectors, slopes: vectorsOf(gradients.get(layer) as FloatArray, channels) };
  } catch (error) {
    const failure = toRemoteError(error);
    if (!BEYOND.has(failure.code)) throw error;
    return { vectors, missing: failure };
  }
}

/** The model can be explained by sharing ratios, but has no gradient there. */
const BEYOND: ReadonlySet<string> = new Set(['UNSUPPORTED_OPERATOR', 'UNSUPPORTED_TYPE', 'UNSUPPORTED_OUTPUT']);
