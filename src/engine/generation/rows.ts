import { PrismError } from '../../graph/errors';
import type { Attribution, Method, Options } from '../../methods/method';
import { type ClassOutput, classScore } from '../classes';
import { embeddingOf } from '../embedding';
import { explainedBy, outputOf, subjectOf, withAlternatives, withValues } from '../explain';
import type { Model } from '../model';
import { contributions, locationsOf } from '../parts';
import type { Request } from '../requests';
import { longestText, type Prepared } from '../subject';
import { requirePositions, tooLong } from '../tables';
import { checkVocabulary, type TokenisedText } from '../text';
import { feedsOf } from '../textFeeds';
import { filledUp } from './decoder';

/** Lengths are rounded up to multiples of this, so that a graph serves several tokens. */
const BLOCK = 16;

/** What a row is made of. */
export interface Explained {
  readonly attribution: Attribution;
  readonly output: ClassOutput;
  /** Of every token given. */
  readonly relevance: Float32Array;
}

/**
 * Explains tokens of one text by the whole of what stands before them. A cache of keys and values is left empty then:
 * the keys and values in it are made of earlier tokens, and relevance is to reach those.
 */
export class Rows {
  /** Whether later tokens are nothing to earlier ones, so that a graph of a longer text does. */
  #causal: boolean;
  #capacity = 0;
  #limit: number;

  /** @param causal whether that may be tried */
  constructor(
    private readonly model: Model,
    private readonly method: Method,
    private readonly options: Options,
    private readonly text: TokenisedText,
    private readonly pad: number,
    /** Tokens that the model takes at once, if it takes no other number. */
    private readonly fixed: number | undefined,
    causal: boolean,
  ) {
    this.#causal = causal && method.info.needs === 'reverse';
    this.#limit = text.limit;
  }

  /** How many tokens the model takes, as far as it is known. */
  get limit(): number {
    return this.#limit;
  }

  /** Explains a class at the last of the tokens given, or at another one. */
  async explain(
    tokens: TokenisedText['read']['tokens'],
    at: number,
    index: number,
    request: Request,
    expected?: Float32Array,
  ): Promise<Explained> {
    const prepared = await this.prepare(tokens, request, at);
    const { model, method } = this;
    const output = outputOf(model, prepared);
    const score = classScore(output, index);
    const { graph, runtime } = prepared.specialised;
    request.stage(`explaining by ${method.info.title}`);
    let attribution: Attribution;
    try {
      const subject = subjectOf(prepared, score, explainedBy(method, prepared));
      attribution = await method.explain(subject, withValues(graph, method, this.options), runtime);
    } catch (error) {
      throw withAlternatives(error, method);
    }
    if (expected && this.#causal && differs(attribution.output.data, output, expected)) {
      // What stands behind a token changes it: it has to be read alone.
      this.#causal = false;
      if (this.fixed === undefined) return this.explain(tokens, at, index, request, expected);
    }
    const all = contributions({ method, attribution }, locationsOf({ attribution, prepared, method }));
    if (all.length < tokens.length) {
      throw new PrismError(
        'METHOD_DOES_NOT_FIT',
        `${method.info.id} tells nothing of single tokens; use attn-lrp, gradient-x-input or a perturbation method`,
      );
    }
    return { attribution, output, relevance: all.slice(0, tokens.length) };
  }

  /** The model ready to explain tokens. Throws TEXT_TOO_LONG, VOCABULARY_MISMATCH. */
  async prepare(
    tokens: TokenisedText['read']['tokens'],
    request: Request,
    position: number = tokens.length - 1,
  ): Promise<Prepared> {
    const { model, text } = this;
    const wanted = Math.min(this.#limit, Math.max(this.#capacity, BLOCK * Math.ceil(tokens.length / BLOCK)));
    const length = this.fixed ?? (this.#causal ? wanted : tokens.length);
    const feeds = feedsOf(model, text.input, filledUp(tokens, length, this.pad));
    const shapes = new Map([...feeds].map(([name, { shape }]) => [name, shape]));
    request.stage('preparing the model');
    try {
      const specialised = await request.timed('compile', () => model.specialised(shapes));
      requirePositions(specialised.graph, length);
      this.#capacity = length;
      const input = text.input.name;
      const embedding = embeddingOf(specialised.graph, input);
      const small = await checkVocabulary(model, embedding?.rows);
      if (small && this.#limit === text.limit && request.warnings.every(({ code }) => code !== small.code)) {
        request.warnings.push(small);
      }
      return {
        specialised,
        feeds,
        input,
        channels: undefined,
        text: { ...text.read, tokens },
        position,
        ...(embedding && { embedding }),
      };
    } catch (error) {
      const longest = await longestText(model, feeds, length);
      if (longest === undefined || longest >= length) throw error;
      if (longest < tokens.length) throw tooLong(tokens.length, longest);
      this.#limit = longest;
      return this.prepare(tokens, request, position);
    }
  }
}

/** Whether the output of the graph that explains is another than the one that was decided by. */
function differs(values: Float32Array, { position = 0, labels }: ClassOutput, expected: Float32Array): boolean {
  const own = values.subarray(position * labels.length, (position + 1) * labels.length);
  const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return own.length !== expected.length || own.some((value, i) => Math.abs(value - expected[i]) > 1e-3 * size);
}
