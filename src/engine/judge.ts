import { PrismError } from '../graph/errors';
import type { Tensor } from '../graph/ir';
import { type FloatArray, floatArray, type NdArray } from '../graph/ndarray';
import { fromFloat32, isElementType } from '../inputs/elements';
import type { Method, Options, Runtime, Subject } from '../methods/method';
import { type Layout, layoutOf, locationCount, locationsOf } from '../metrics/layout';
import type { Change, Judged, Judgement, Metric, MetricRuntime, Scores } from '../metrics/metric';
import { requireFinite } from './classes';
import { subjectOf } from './explain';
import { type JudgedCase, type Reader, readerOf } from './reader';
import type { Request } from './requests';
import { tokensOf } from './tokens';
import { Variants } from './variants';

/** A metric that is wanted, with all its options. */
export interface Wanted {
  readonly metric: Metric;
  readonly options: Options;
}

/** The method that made an attribution. */
export interface Explainer {
  readonly method: Method;
  readonly options: Options;
}

/** Programs of a changed model, which nobody asks for again. */
export interface Scratch {
  readonly runtime: Runtime;
  dispose(): void;
}

/** Judges attributions of one input for one target. */
export class Judge {
  readonly #case: JudgedCase;
  readonly #request: Request;
  readonly #scratch: () => Scratch;
  readonly #variants: Variants;
  readonly #read: Reader;
  readonly layout: Layout;

  /** @param scratch makes room for changed models */
  constructor(judged: JudgedCase, request: Request, scratch: () => Scratch) {
    const { prepared, output, score } = judged;
    this.#case = judged;
    this.#request = request;
    this.#scratch = scratch;
    this.#variants = new Variants(prepared, score.output);
    this.layout = layoutOf(this.#variants.shape, prepared.channels);
    this.#read = readerOf(output, score);
  }

  /**
   * Judges by each metric; what they need of the model is computed once.
   *
   * @param each told what a metric says before the next one begins
   * @throws PrismError MAP_SHAPE, MAP_NAN, MASK_MISSING, METHOD_MISSING, and those of the metrics
   */
  async judge(
    attribution: FloatArray,
    wanted: readonly Wanted[],
    { mask, by, each }: Judging = {},
  ): Promise<Map<string, Judgement>> {
    requireNumbers(attribution);
    const judged: Judged = {
      attribution,
      map: locationsOf(attribution, this.layout),
      input: this.#variants.original,
      layout: this.layout,
      ...(mask && { mask }),
    };
    const runtime = this.#runtime(by);
    const found = new Map<string, Judgement>();
    for (const { metric, options } of wanted) {
      const { id, title, needs } = metric.info;
      this.#request.stage(`judging by ${title}`);
      if (needs.includes('mask') && !mask) throw maskMissing(id);
      if (needs.includes('method') && !by) throw methodMissing(id);
      const judgement = await metric.judge(judged, options, runtime);
      found.set(id, judgement);
      each?.(id, judgement);
    }
    return found;
  }

  /** What the model says of the input as it is. */
  async target(): Promise<{ readonly score: number; readonly probability: number }> {
    const { score, probability } = await this.#scores(1, () => this.#variants.original);
    return { score: score[0], probability: probability[0] };
  }

  /** Explains by a method, possibly another input or with other weights. */
  async explain({ method, options }: Explainer, change: Change = {}): Promise<FloatArray> {
    const { prepared, score } = this.#case;
    const subject = { ...subjectOf(prepared, score), feeds: this.#feeds(change.input) };
    if (!change.weights) return (await method.explain(subject, options, prepared.specialised.runtime)).map;
    return this.#explainChanged(subject, change.weights, { method, options });
  }

  /** The relevance of every layer; undefined for methods that explain the input alone. */
  async layers({ method, options }: Explainer): Promise<ReadonlyMap<string, FloatArray> | undefined> {
    if (!method.open) return undefined;
    const { prepared, score } = this.#case;
    const subject = { ...subjectOf(prepared, score), output: score.output };
    const explanation = await method.open(subject, options, prepared.specialised.runtime);
    return (await explanation.relevance(score, options)).maps;
  }

  async #explainChanged(
    subject: Subject,
    weights: ReadonlyMap<string, Tensor>,
    { method, options }: Explainer,
  ): Promise<FloatArray> {
    const { batched: _, ...single } = subject;
    const initializers = new Map([...subject.graph.initializers, ...weights]);
    const scratch = this.#scratch();
    try {
      const changed = { ...single, graph: { ...subject.graph, initializers } };
      return (await method.explain(changed, options, scratch.runtime)).map;
    } finally {
      scratch.dispose();
    }
  }

  /** What is explained of a text is its tokens: how a token's relevance lies in its vector, nobody sees. */
  #byToken(map: FloatArray): FloatArray {
    const { locations } = this.layout;
    if (!this.#case.prepared.text || map.data.length === locationCount(this.layout)) return map;
    return floatArray(Float32Array.from(locationsOf(map, this.layout)), locations);
  }

  #feeds(input: Float32Array | undefined): ReadonlyMap<string, NdArray> {
    const { prepared } = this.#case;
    if (!input) return prepared.feeds;
    const { dtype, shape } = prepared.feeds.get(prepared.input) as NdArray;
    if (!isElementType(dtype)) return prepared.feeds;
    return new Map([...prepared.feeds, [prepared.input, { dtype, shape, data: fromFloat32(input, dtype) }]]);
  }

  async #scores(count: number, make: (index: number) => Float32Array): Promise<Scores> {
    const { model, score: target } = this.#case;
    const score = new Float64Array(count);
    const probability = new Float64Array(count);
    let index = 0;
    for await (const output of this.#variants.outputs(count, make)) {
      requireFinite(target.output, output, model.nanHint);
      const read = this.#read(output);
      score[index] = read.score;
      probability[index] = read.probability;
      index++;
      this.#request.progress(index / count);
    }
    return { score, probability };
  }

  #runtime(by: Explainer | undefined): MetricRuntime {
    const memo = new Map<string, unknown>();
    const { graph, runtime } = this.#case.prepared.specialised;
    const tokens = tokensOf(this.#case, this.layout, this.#request);
    return {
      graph,
      ...(tokens && { tokens }),
      scores: (count, make) => this.#scores(count, make),
      explain: async (change) => {
        if (!by) throw methodMissing('this metric');
        return this.#byToken(await this.explain(by, change));
      },
      layers: async () => by && this.layers(by),
      memo<T>(key: string, make: () => T): T {
        if (!memo.has(key)) memo.set(key, make());
        return memo.get(key) as T;
      },
      readArray: (path) => runtime.readArray(path),
      checkCancelled: () => this.#request.checkCancelled(),
      progress: (fraction) => this.#request.progress(fraction),
    };
  }
}

/** What is known beside an attribution. */
export interface Judging {
  /** One entry a location. */
  readonly mask?: Uint8Array | undefined;
  readonly by?: Explainer | undefined;
  readonly each?: (id: string, judgement: Judgement) => void;
}

function requireNumbers({ data }: FloatArray): void {
  const bad = data.find((value) => !Number.isFinite(value));
  if (bad === undefined) return;
  throw new PrismError(
    'MAP_NAN',
    `the attribution holds ${Number.isNaN(bad) ? 'NaN' : 'infinite values'}; only finite numbers can be judged`,
  );
}

const maskMissing = (id: string): PrismError =>
  new PrismError('MASK_MISSING', `${id} needs to know where the evidence is; give a mask`, { metric: id });

const methodMissing = (id: string): PrismError =>
  new PrismError('METHOD_MISSING', `${id} explains again; name the method that made the attribution`, { metric: id });
