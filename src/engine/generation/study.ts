import { PrismError } from '../../graph/errors';
import type { Token } from '../../inputs/tokenizer';
import { endingsOf } from '../../inputs/tokenizer';
import type { Method, Options } from '../../methods/method';
import type { ClassScore, ConservationInfo } from '../../protocol';
import type { TokenRow, TokenStudy } from '../../protocol/tokens';
import { type ClassOutput, topClasses } from '../classes';
import type { Desk } from '../desk';
import { classify, outputOf } from '../explain';
import type { Model } from '../model';
import { completeOptions } from '../options';
import type { Request } from '../requests';
import { lengthOf, type TextGiven, type TokenisedText, tokenise } from '../text';
import { Decoder } from './decoder';
import { Rows } from './rows';

/** How many tokens a new one is decoded with, so that it brings its space along. */
const CONTEXT = 8;
/** How many alternatives are told. */
const TOP = 5;

/** What there is of a study beside the facts of engine and request. */
export type Studied = Pick<
  TokenStudy,
  'kind' | 'options' | 'text' | 'path' | 'tokens' | 'given' | 'rows' | 'ended' | 'cached'
>;

/** A text of which token after token is explained. */
export interface Study {
  readonly model: Model;
  readonly method: Method;
  readonly studied: Studied;
  /** Explains the next token, if there is one. What is given up leaves the study as it was. */
  next(request: Request): Promise<void>;
}

/** Tasks that tell something at every token. */
const TASKS: ReadonlySet<string> = new Set(['text-generation', 'token-classification']);

/**
 * Opens a text to be gone on with, or to have its tokens labelled.
 *
 * @throws PrismError NO_TOKEN_OUTPUT, UNKNOWN_OPTION, BAD_OPTION, CACHE_UNSUPPORTED and those of reading a text
 */
export async function openStudy(
  { model, request, warn }: Desk,
  method: Method,
  given: TextGiven,
  options: Readonly<Record<string, string | number | boolean>> | undefined,
): Promise<Study> {
  const { task } = model.description.settings;
  if (!TASKS.has(task)) {
    throw new PrismError(
      'NO_TOKEN_OUTPUT',
      `${model.path} tells nothing of single tokens: its task is ${task}; if that is wrong, write "task": "text-generation" or "token-classification" into the prism.json`,
    );
  }
  const complete = completeOptions(method.info, options);
  const text = await request.timed('decode', () => tokenise(model, given));
  for (const warning of text.warnings) warn(warning);
  const common = { model, method, options: complete, text };
  const study = task === 'text-generation' ? new Generation(common) : new Labelling(common);
  await study.open(request);
  return study;
}

interface Opened {
  readonly model: Model;
  readonly method: Method;
  readonly options: Options;
  readonly text: TokenisedText;
}

const conservationOf = (conservation: ConservationInfo | undefined) => (conservation ? { conservation } : {});

const withoutRelevance = ({ kind, ...token }: Token): Studied['tokens'][number] => ({
  ...token,
  ...(kind !== 'word' && { kind }),
});

/** Greedy decoding: the most probable token is the next one, and is explained before it is read. */
class Generation implements Study {
  readonly model: Model;
  readonly method: Method;
  readonly #opened: Opened;
  readonly #decoder: Decoder;
  readonly #rows: Rows;
  readonly #endings: ReadonlySet<number>;
  #tokens: readonly Token[];
  #text: string;
  #explained: readonly TokenRow[] = [];
  #ended: TokenStudy['ended'];

  constructor(opened: Opened) {
    const { model, method, options, text } = opened;
    this.model = model;
    this.method = method;
    this.#opened = opened;
    this.#tokens = text.read.tokens;
    this.#text = text.read.text;
    const { settings, endings } = model.description;
    const pad = text.tokenizer.pad ?? 0;
    this.#decoder = new Decoder(model, text.input, settings.output.name, pad);
    const output = model.graph.outputs.find(({ name }) => name === settings.output.name);
    const everywhere = output?.shape?.length !== 2;
    this.#rows = new Rows(model, method, options, text, pad, lengthOf(text.input), everywhere);
    this.#endings = new Set(endings ?? endingsOf(text.tokenizer));
  }

  /** Whatever the text or the method cannot do shows before the first token. */
  async open(request: Request): Promise<void> {
    await this.#rows.prepare(this.#tokens, request);
  }

  get studied(): Studied {
    const { options, text } = this.#opened;
    return {
      kind: 'generation',
      options,
      text: this.#text,
      ...(text.read.path !== undefined && { path: text.read.path }),
      tokens: this.#tokens.map(withoutRelevance),
      given: text.read.tokens.length,
      rows: this.#explained,
      ...(this.#ended && { ended: this.#ended }),
      cached: this.#decoder.cached,
    };
  }

  async next(request: Request): Promise<void> {
    if (this.#ended) return;
    const tokens = this.#tokens;
    if (tokens.length > this.#rows.limit) {
      this.#ended = 'full';
      return;
    }
    request.stage('choosing the next token');
    const scores = await this.#decoder.next(tokens);
    const top = this.#likely(scores);
    const [target] = top;
    const { attribution, relevance } = await this.#rows.explain(
      tokens,
      tokens.length - 1,
      target.index,
      request,
      scores,
    );
    const row = { at: tokens.length, target, top, relevance, ...conservationOf(attribution.conservation) };
    const added = this.#added(target.index);
    this.#explained = [...this.#explained, row];
    this.#tokens = [
      ...tokens,
      { ...added, start: this.#text.length, end: this.#text.length + added.written.length },
    ].map(({ text, id, start, end, kind }) => ({ text, id, start, end, kind }));
    this.#text += added.written;
    if (this.#endings.has(target.index)) this.#ended = 'end';
    else if (this.#tokens.length > this.#rows.limit) this.#ended = 'full';
  }

  /** The most probable tokens. */
  #likely(scores: Float32Array): ClassScore[] {
    const order = strongest(scores, TOP);
    const isProbability = this.model.description.settings.output.kind === 'probabilities';
    const highest = scores[order[0]];
    const total = scores.reduce((sum, score) => sum + Math.exp(score - highest), 0);
    return order.map((index) => ({
      index,
      label: this.#added(index).text,
      score: scores[index],
      probability: isProbability ? scores[index] : Math.exp(scores[index] - highest) / total,
    }));
  }

  /** A token as it would stand behind the text: what it adds, and its name where that is nothing. */
  #added(id: number): Pick<Token, 'id' | 'kind' | 'text'> & { readonly written: string } {
    const { tokenizer } = this.#opened.text;
    const before = this.#tokens.slice(-CONTEXT).map((token) => token.id);
    // Part of a character is written when the rest of it is there.
    const whole = (ids: readonly number[]): string => tokenizer.decode(ids).replace(/\uFFFD+$/, '');
    const [old, now] = [whole(before), whole([...before, id])];
    const written = now.startsWith(old) ? now.slice(old.length) : '';
    const name = tokenizer.nameOf(id) ?? `token ${id}`;
    const kind = this.#endings.has(id) ? 'special' : 'word';
    return { id, kind, text: written === '' ? name : written, written };
  }
}

/** Places of the largest numbers, the largest first; of equal ones the first. */
function strongest(values: Float32Array, count: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (found.length === count && values[i] <= values[found[count - 1]]) continue;
    const at = found.findIndex((other) => values[other] < values[i]);
    found.splice(at < 0 ? found.length : at, 0, i);
    if (found.length > count) found.pop();
  }
  return found;
}

/** The label of every token of a text, explained one after the other. */
class Labelling implements Study {
  readonly model: Model;
  readonly method: Method;
  readonly #opened: Opened;
  readonly #rows: Rows;
  readonly #asked: readonly number[];
  #explained: readonly TokenRow[] = [];

  constructor(opened: Opened) {
    const { model, method, options, text } = opened;
    this.model = model;
    this.method = method;
    this.#opened = opened;
    const { tokens } = text.read;
    this.#asked = tokens.flatMap(({ kind }, at) => (kind === 'special' ? [] : [at]));
    this.#rows = new Rows(model, method, options, text, text.tokenizer.pad ?? 0, lengthOf(text.input), false);
  }

  async open(request: Request): Promise<void> {
    await this.#rows.prepare(this.#opened.text.read.tokens, request);
  }

  get studied(): Studied {
    const { options, text } = this.#opened;
    const { read } = text;
    return {
      kind: 'labels',
      options,
      text: read.text,
      ...(read.path !== undefined && { path: read.path }),
      tokens: read.tokens.map(withoutRelevance),
      given: read.tokens.length,
      rows: this.#explained,
      ...(this.#explained.length === this.#asked.length && { ended: 'all' }),
      cached: false,
    };
  }

  async next(request: Request): Promise<void> {
    const at = this.#asked[this.#explained.length];
    if (at === undefined) return;
    const { tokens } = this.#opened.text.read;
    const prepared = await this.#rows.prepare(tokens, request, at);
    requirePositions(outputOf(this.model, prepared));
    const top = topClasses(await classify(this.model, prepared, request), TOP);
    const { attribution, relevance } = await this.#rows.explain(tokens, at, top[0].index, request);
    const row = { at, target: top[0], top, relevance, ...conservationOf(attribution.conservation) };
    this.#explained = [...this.#explained, row];
  }
}

function requirePositions({ name, shape, position }: ClassOutput): void {
  if (position !== undefined) return;
  throw new PrismError(
    'NO_TOKEN_OUTPUT',
    `the output ${name} of shape [${shape}] has no label for every token; name another one in the prism.json ("output": {"name": …})`,
  );
}
