import type { Graph, Node } from '../graph/ir';
import type { FloatArray, NdArray } from '../graph/ndarray';
import type { Movement } from '../reverse/movements';

/** One option of a method: feeds the palette, the panel's controls, the command line, settings and the docs. */
export interface OptionSpec {
  readonly key: string;
  readonly title: string;
  readonly help: string;
  /** `file` names an .npy file, or one of the `choices`; `value` names a value of the graph, '' leaves it to the method. */
  readonly type: 'boolean' | 'integer' | 'number' | 'choice' | 'file' | 'value';
  readonly default: boolean | number | string;
  readonly min?: number;
  readonly max?: number;
  /** Of a `choice` all that there is; of another type words that may stand instead of a number or a file's name. */
  readonly choices?: readonly string[];
}

export type OptionValue = boolean | number | string;
export type Options = Readonly<Record<string, OptionValue>>;

/** What is said of a method; plain data, so that it crosses processes. */
export interface MethodInfo {
  /** Stable identifier of the command line. */
  readonly id: string;
  readonly title: string;
  /** One or two sentences for a person choosing. */
  readonly summary: string;
  readonly paper?: { readonly title: string; readonly url: string };
  readonly family: 'gradient' | 'cam' | 'relevance' | 'attention' | 'perturbation' | 'learned' | 'pfv';
  /** Whether negative values mean evidence against: chooses the diverging colour map. */
  readonly signed: boolean;
  /** Whether only differences within a map mean something, as all of it lies around a number far from 0. */
  readonly relative?: boolean;
  /** Whether indices of tokens are explained themselves, and not only the vectors that they become. */
  readonly indices?: boolean;
  /** `reverse`: needs a rule for every operator on the way; `forward`: works on whatever runs. */
  readonly needs: 'reverse' | 'forward';
  /** True when the method gives maps for inner layers and receptive fields of single PFVs. */
  readonly layers: boolean;
  readonly options: readonly OptionSpec[];
}

/**
 * A linear functional of one output: the score that is explained.
 * `select` has one entry per axis: an index, or ':' to sum over the axis. `region` limits the sum to positions where
 * it is not zero (same size as the ':' axes, in order).
 */
export interface Score {
  readonly output: string;
  readonly select: readonly (number | ':')[];
  readonly region?: NdArray;
}

/** What the values of an input can be: for a picture what 0 and 1 become by normalisation, per channel. */
export interface Range {
  /** One number a channel, or one for all. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** The input's axis over channels. */
  readonly axis: number;
}

/** What is to be explained. */
export interface Subject {
  /** Specialised to the shapes of `feeds`. */
  readonly graph: Graph;
  readonly feeds: ReadonlyMap<string, NdArray>;
  /** The input that the person looks at (the image). */
  readonly input: string;
  readonly score: Score;
  /** Attribution of this inner value instead of the input. */
  readonly at?: string;
  /** The axis over channels of what is explained (`at` or the input), if it has one; its other axes are locations. */
  readonly channels?: number;
  /** What the values of `input` can be, where that is known. */
  readonly range?: Range;
  /**
   * The same model for several inputs at once, as many as suit the provider but not many more than `limit`; undefined
   * where it takes no other number.
   */
  readonly batched?: (limit: number) => Promise<Batched | undefined>;
  /** The receptive field of one PFV: a value and the position in it, one index per location axis. */
  readonly erf?: { readonly value: string; readonly position: readonly number[] };
}

/** A model for `size` times as many inputs: every input's and output's first dimension is so many times larger. */
export interface Batched {
  readonly size: number;
  readonly graph: Graph;
}

/** How far the method keeps its promise, computed on this very map. */
export interface Conservation {
  /** What was compared, e.g. "sum of relevance against the logit". */
  readonly what: string;
  readonly expected: number;
  readonly actual: number;
  /** How far the promise is missed: actual + lost − expected. */
  readonly residual: number;
  /** What is known not to arrive, in the unit of the sum: met only zero vectors, or stays with a class token. */
  readonly lost?: number;
}

/** What becomes of relevance at one node: what comes in from above goes on below, or stays. */
export interface LedgerEntry {
  /** The node's first output. */
  readonly value: string;
  readonly op: string;
  /** Relevance of its outputs. */
  readonly out: number;
  /** What its inputs received: in + sink + lost = out. */
  readonly in: number;
  /** What biases and other constants keep. */
  readonly sink: number;
  /** What could be given to nothing: it met zeros only, or a tie that decides nothing. */
  readonly lost: number;
}

/** Where all relevance of one explanation went. */
export interface RelevanceFlow {
  /** The nodes that were walked, in topological order: the method may have rewritten the model. */
  readonly nodes: readonly Node[];
  /** The values that relevance set out from. */
  readonly starts: readonly Omit<Movement, 'node'>[];
  readonly moves: readonly Movement[];
  /** What stays at a node, by its first output; where it is absent, all that came and did not go on. */
  readonly kept?: ReadonlyMap<string, Pick<LedgerEntry, 'sink' | 'lost'>>;
  /** The map is a contrast, which adds up to nothing; the flow is that of the score itself. */
  readonly withoutContrast?: boolean;
}

export interface Attribution {
  /** The value of the graph that this is an attribution of. */
  readonly of: string;
  /** In the shape of that value; PFV methods and class activation maps: of its locations only. */
  readonly map: FloatArray;
  /** The explained score. */
  readonly score: number;
  /** The whole explained output as the model computed it. */
  readonly output: FloatArray;
  readonly conservation?: Conservation;
  /** For methods that follow relevance node by node: what became of it at each. */
  readonly ledger?: readonly LedgerEntry[];
  /** For sampled and learned methods. */
  readonly seed?: number;
}

/** A graph made ready to run. */
export interface Program {
  readonly graph: Graph;
  run(feeds: ReadonlyMap<string, NdArray>, outputs?: readonly string[]): Promise<Map<string, NdArray>>;
}

/** What the engine offers to a method. */
export interface Runtime {
  /**
   * Compiles a graph and keeps it: the same key on the same model gives the same program without building again.
   * The key names everything the graph depends on beside the model: method, options, shapes.
   *
   * @param seeds inputs that differ between questions about the same feeds: what does not depend on them may be kept
   */
  compile(key: string, build: () => Graph, seeds?: readonly string[]): Promise<Program>;
  /** Keeps what was derived from this model beside its programs: made once for each key. */
  memo<T>(key: string, make: () => T): T;
  /**
   * The array of a file that an option names, as float32.
   *
   * @throws PrismError FILE_NOT_FOUND, and what reading an .npy file throws
   */
  readArray(path: string): FloatArray;
  /** Throws the cancellation error when the user gave up; call between chunks of work. */
  checkCancelled(): void;
  /** Share of the work done, and a preview of the result so far; a function is asked only when somebody looks. */
  progress(fraction: number, partial?: FloatArray | (() => FloatArray)): void;
}

/** One layer of a PFV explanation: a value whose locations each carry one relevance. */
export interface PfvLayer {
  /** Name of the value in the graph. */
  readonly value: string;
  /** The operator that makes it. */
  readonly op: string;
  /** Shape of the value. */
  readonly shape: readonly number[];
  /** Sizes of its location axes, e.g. [height, width]. */
  readonly locations: readonly number[];
  /** Its axes over channels: a PFV is the vector over them. */
  readonly channels: readonly number[];
}

/** What the PFVs of the layers before give to one PFV: their sharing ratios, which with what is kept add up to 1. */
export interface PfvSources {
  /** By the value of a layer that gives directly, past no other layer; in the shape of its locations. */
  readonly shares: ReadonlyMap<string, FloatArray>;
  /** What comes from nowhere: of biases where all sources are zero, and of constants. */
  readonly kept: number;
}

/**
 * An explanation that stays alive for one image: the sharing ratios are computed, every further question is cheap.
 * Maps are in the shape of the locations of the value they belong to.
 */
export interface PfvExplanation {
  /** In the model's order, the input first. */
  readonly layers: readonly PfvLayer[];
  /** The model's output for the image. */
  readonly output: FloatArray;
  /** Relevance of every location of every layer for a score. */
  relevance(score: Score, options: Options): Promise<PfvRelevance>;
  /** What one PFV sees of the input: its effective receptive field; sums to 1. */
  receptiveField(value: string, position: readonly number[]): Promise<FloatArray>;
  /** Which PFVs of the layers before one PFV is made of; where a shortcut joins, of several layers. */
  sources(value: string, position: readonly number[]): Promise<PfvSources>;
  /** The opposite question: for one input location, how much each PFV of every layer draws on it. */
  readers(position: readonly number[]): Promise<ReadonlyMap<string, FloatArray>>;
}

export interface PfvRelevance {
  readonly maps: ReadonlyMap<string, FloatArray>;
  readonly score: number;
  readonly conservation: Conservation;
}

/** A subject whose score is still open; only the output is chosen. */
export type PfvSubject = Pick<Subject, 'graph' | 'feeds' | 'input'> & { readonly output: string };

/** An explanation method. One file each; methods/index.ts lists them. */
export interface Method {
  readonly info: MethodInfo;
  /**
   * Explains. Options are complete and checked against `info.options`.
   *
   * @throws PrismError UNSUPPORTED_OPERATOR and others when the model is beyond the method
   */
  explain(subject: Subject, options: Options, runtime: Runtime): Promise<Attribution>;
  /** Methods with `info.layers`: opens the explanation that answers questions about layers and PFVs. */
  open?(subject: PfvSubject, options: Options, runtime: Runtime): Promise<PfvExplanation>;
  /**
   * Methods that follow relevance from node to node: how much went along every connection. Undefined where it does not
   * add up with these options.
   */
  flow?(subject: Subject, options: Options, runtime: Runtime): Promise<RelevanceFlow | undefined>;
  /**
   * Methods that follow relevance through attention: that of the weights of one, a value of the graph, in its shape.
   *
   * @throws PrismError what explaining throws
   */
  attention?(subject: Subject, weights: string, options: Options, runtime: Runtime): Promise<FloatArray>;
  /**
   * Methods that run several graphs with arithmetic between them: the explanation of a subject as one graph for use
   * elsewhere, with the score's weights as an input. A method without it is saved as the one graph that it runs.
   */
  graph?(subject: Subject, options: Options): Graph;
}
