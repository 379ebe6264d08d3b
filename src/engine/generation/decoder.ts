import { PrismError } from '../../graph/errors';
import type { ValueInfo } from '../../graph/ir';
import type { NdArray } from '../../graph/ndarray';
import { isElementType, toFloat32 } from '../../inputs/elements';
import { requireFinite } from '../classes';
import type { Model } from '../model';
import { lengthOf } from '../text';
import { feedsOf, type TextFeed } from '../textFeeds';
import { type CachePart, cacheOf } from './cache';

/** What fills up where the model takes more tokens than there are. */
export const filledUp = (tokens: readonly TextFeed[], length: number, pad: number): TextFeed[] => [
  ...tokens,
  ...Array.from({ length: Math.max(0, length - tokens.length) }, (): TextFeed => ({ id: pad, kind: 'padding' })),
];

/**
 * Reads tokens and says what may follow: the output's numbers at the last of them. Where the model has a cache of keys
 * and values, only what is new is read.
 */
export class Decoder {
  readonly #cache: readonly CachePart[];
  #arrays: ReadonlyMap<string, NdArray> = new Map();
  #count = 0;
  #last: Float32Array | undefined;

  /**
   * @param pad fills up models of fixed length
   * @throws PrismError CACHE_UNSUPPORTED
   */
  constructor(
    private readonly model: Model,
    private readonly input: ValueInfo,
    private readonly output: string,
    private readonly pad: number,
  ) {
    this.#cache = cacheOf(model.graph);
  }

  /** Whether earlier tokens are read from a cache. */
  get cached(): boolean {
    return this.#cache.length > 0;
  }

  /**
   * The scores of what may follow. Every call's tokens begin with those of the call before.
   *
   * @throws PrismError OUTPUT_NAN, UNSUPPORTED_OUTPUT, RUN_FAILED
   */
  async next(tokens: readonly TextFeed[]): Promise<Float32Array> {
    if (this.#last && tokens.length === this.#count) return this.#last;
    const { model, input, output } = this;
    const isOpen = model.graph.inputs.some(({ shape }) => !shape?.every((dim) => typeof dim === 'number'));
    const { graph, runtime } = isOpen ? model : await model.specialised(new Map());
    const program = await runtime.compile('forward', () => graph);
    const known = this.cached ? { count: this.#count, arrays: this.#arrays } : undefined;
    const read = this.cached ? tokens : filledUp(tokens, lengthOf(input) ?? 0, this.pad);
    const wanted = [output, ...this.#cache.map(({ present }) => present)];
    const results = await program.run(feedsOf(model, input, read, known), wanted);
    const last = scoresAt(output, results.get(output), tokens.length - 1 - (known?.count ?? 0));
    requireFinite(output, last, model.nanHint);
    this.#arrays = new Map(this.#cache.map(({ past, present }) => [past.name, results.get(present) as NdArray]));
    this.#count = tokens.length;
    this.#last = last;
    return last;
  }
}

/** The numbers over the vocabulary at one token of an output [1, tokens, vocabulary]; of [1, vocabulary] all. */
function scoresAt(name: string, array: NdArray | undefined, at: number): Float32Array {
  const classes = array?.shape.at(-1) ?? 0;
  if (!array || !isElementType(array.dtype) || classes === 0) {
    throw new PrismError('UNSUPPORTED_OUTPUT', `the output ${name} has no scores of tokens`, { output: name });
  }
  const data = toFloat32(array.dtype, array.data as Float32Array);
  const rows = data.length / classes;
  const row = Math.min(at, rows - 1);
  return data.slice(row * classes, (row + 1) * classes);
}
