import type { Graph, Tensor } from '../graph/ir';
import type { FloatArray } from '../graph/ndarray';
import type { OptionSpec, Options } from '../methods/method';
import type { Layout } from './layout';

/**
 * What a metric needs beside the attribution. `model`: forward runs; `mask`: where the evidence is; `method`: the
 * method that made the attribution, to explain again; `tokens`: that the input is a text.
 */
export type Need = 'model' | 'mask' | 'method' | 'tokens';

/** What is said of a metric; plain data, so that it crosses processes. */
export interface MetricInfo {
  /** Stable identifier of the command line. */
  readonly id: string;
  readonly title: string;
  /** One or two sentences for a person choosing. */
  readonly summary: string;
  readonly paper?: { readonly title: string; readonly url: string };
  readonly better: 'higher' | 'lower';
  readonly needs: readonly Need[];
  /** What a curve is drawn over, for metrics whose values come from one: along it and up. */
  readonly axes?: { readonly x: string; readonly y: string };
  readonly options: readonly OptionSpec[];
}

/** An attribution that is judged, and what it is an attribution of. */
export interface Judged {
  /** As the method gave it. */
  readonly attribution: FloatArray;
  /** One number a location of the input: summed over channels, brought to the input's resolution. */
  readonly map: Float64Array;
  /** The input as the model reads it. */
  readonly input: Float32Array;
  readonly layout: Layout;
  /** Locations of the evidence; one entry a location, 1 or 0. */
  readonly mask?: Uint8Array;
}

/** What the model says of several inputs, one entry each. */
export interface Scores {
  /** The explained score: the logit of the class. */
  readonly score: Float64Array;
  /** Its probability (softmax over the classes); the score itself where the target is no class. */
  readonly probability: Float64Array;
}

/** What is changed before the method explains again. */
export interface Change {
  /** The input's elements. */
  readonly input?: Float32Array;
  /** Weights by the names of their initializers. */
  readonly weights?: ReadonlyMap<string, Tensor>;
}

/** A text that can be read without some of its tokens. */
export interface Tokens {
  /** Locations of the input that are words or pieces of them, in order; what frames or fills the text is none. */
  readonly words: readonly number[];
  /** What the model says of the shorter text that is left without these locations. */
  without(locations: readonly number[]): Promise<{ readonly score: number; readonly probability: number }>;
}

/** What the engine offers to a metric. The target is that of the attribution throughout. */
export interface MetricRuntime {
  /** The model at the shapes of the input. */
  readonly graph: Graph;
  /**
   * Runs the model on many inputs, in batches.
   *
   * @param make the elements of one input; asked for in order, and not kept
   */
  scores(count: number, make: (index: number) => Float32Array): Promise<Scores>;
  /** The input's tokens, where it is a text of which the score is a class. */
  readonly tokens?: Tokens;
  /** Explains again by the method that made the attribution; of a text, one number a token. */
  explain(change?: Change): Promise<FloatArray>;
  /** The relevance of every layer, where the method that made the attribution is known and gives one. */
  layers(): Promise<ReadonlyMap<string, FloatArray> | undefined>;
  /** Keeps what several metrics of one attribution need: made once for each key. */
  memo<T>(key: string, make: () => T): T;
  /**
   * The array of a file that an option names, as float32.
   *
   * @throws PrismError FILE_NOT_FOUND, and what reading an .npy file throws
   */
  readArray(path: string): FloatArray;
  /** Throws the cancellation error when the user gave up; call between chunks of work. */
  checkCancelled(): void;
  /** Share of the work done. */
  progress(fraction: number): void;
}

/** What a metric says of one attribution. */
export interface Judgement {
  /** null: undefined for this attribution; `reason` says why. */
  readonly value: number | null;
  readonly reason?: string;
  /** The numbers behind the value, in order. */
  readonly curve?: readonly number[];
  /** Further facts by name: plain data. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A metric. One file each; metrics/index.ts lists them. */
export interface Metric {
  readonly info: MetricInfo;
  /** Judges. Options are complete and checked against `info.options`; what `info.needs` lists is there. */
  judge(judged: Judged, options: Options, runtime: MetricRuntime): Promise<Judgement>;
}

/** No value, and why. */
export const undefinedFor = (reason: string): Judgement => ({ value: null, reason });
