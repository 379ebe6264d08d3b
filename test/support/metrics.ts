import type { Graph, Tensor } from '../../src/graph/ir';
import { type FloatArray, floatArray } from '../../src/graph/ndarray';
import type { Method, Options, Subject } from '../../src/methods/method';
import { metricById } from '../../src/metrics/index';
import { type Layout, layoutOf, locationsOf } from '../../src/metrics/layout';
import type { Change, Judged, Judgement, MetricRuntime } from '../../src/metrics/metric';
import { run } from './run';
import { testRuntime } from './runtime';

/** Softmax of one class, in float64. */
export function softmaxAt(logits: ArrayLike<number>, target: number): number {
  const highest = Math.max(...Array.from(logits));
  const powers = Array.from(logits, (logit) => Math.exp(logit - highest));
  return powers[target] / powers.reduce((a, b) => a + b, 0);
}

/** What a test gives a metric in place of the engine. */
export interface Fake {
  /** Score and probability of one input. */
  readonly model?: (input: Float32Array) => Promise<{ score: number; probability: number }>;
  readonly explain?: (change?: Change) => Promise<FloatArray>;
  readonly layers?: ReadonlyMap<string, FloatArray>;
  readonly graph?: Graph;
  /** Arrays by the names that options give them. */
  readonly files?: Readonly<Record<string, FloatArray>>;
}

const missing = async (): Promise<never> => {
  throw new Error('this test has no such thing');
};

export function fakeRuntime({ model = missing, explain = missing, layers, graph, files = {} }: Fake): MetricRuntime {
  const memo = new Map<string, unknown>();
  return {
    graph: graph as Graph,
    async scores(count, make) {
      const score = new Float64Array(count);
      const probability = new Float64Array(count);
      for (let i = 0; i < count; i++) {
        const one = await model(make(i));
        score[i] = one.score;
        probability[i] = one.probability;
      }
      return { score, probability };
    },
    explain,
    layers: async () => layers,
    memo<T>(key: string, make: () => T): T {
      if (!memo.has(key)) memo.set(key, make());
      return memo.get(key) as T;
    },
    readArray: (path) => files[path],
    checkCancelled() {},
    progress() {},
  };
}

/** The model of a subject, whose score is one class of logits [1, classes], and a method that explains it again. */
export function modelFake(subject: Subject, target: number, method?: Method, options: Options = {}): Fake {
  const { graph, input, feeds, score } = subject;
  const shape = feeds.get(input)?.shape as readonly number[];
  return {
    graph,
    async model(data) {
      const results = await run(graph, { [input]: { dtype: 'float32', shape, data } });
      const logits = results[score.output].data as Float32Array;
      return { score: logits[target], probability: softmaxAt(logits, target) };
    },
    async explain({ input: elements, weights = new Map<string, Tensor>() } = {}) {
      const changed: Subject = {
        ...subject,
        graph: { ...graph, initializers: new Map([...graph.initializers, ...weights]) },
        feeds: elements ? new Map([[input, floatArray(elements, shape)]]) : feeds,
      };
      return ((await method?.explain(changed, options, testRuntime())) ?? (await missing())).map;
    },
  };
}

/** An attribution of an input. */
export function judgedOf(
  attribution: FloatArray,
  input: FloatArray,
  channels: number | undefined,
  mask?: ArrayLike<number>,
): Judged {
  const layout: Layout = layoutOf(input.shape, channels);
  return {
    attribution,
    map: locationsOf(attribution, layout),
    input: input.data,
    layout,
    ...(mask && { mask: Uint8Array.from(mask) }),
  };
}

/** Judges by a metric with its default options, but for those given. */
export function judge(id: string, judged: Judged, runtime: MetricRuntime, options: Options = {}): Promise<Judgement> {
  const metric = metricById(id);
  const defaults = Object.fromEntries(metric.info.options.map((option) => [option.key, option.default]));
  return metric.judge(judged, { ...defaults, ...options }, runtime);
}
