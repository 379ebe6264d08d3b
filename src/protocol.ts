/**
 * The interfaces that cross a process boundary: extension host ⇄ engine, and webview ⇄ extension host. Types only;
 * everything here survives structured cloning. src/rpc.ts turns an interface into a typed client and a server.
 *
 * Conventions: a method takes one parameter object and may be cancelled; failures arrive as {@link RemoteError}.
 */

/** A failure as it crosses the wire: the code and message of a PrismError. */
export interface RemoteError {
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A map of one number a location, row by row. Raw values: colour and smoothing are the viewer's business. */
export interface ScalarMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

export interface ClassScore {
  readonly index: number;
  readonly label: string;
  /** The model's raw output for the class. */
  readonly score: number;
  /** Softmax (or the output itself where it already is a probability). */
  readonly probability: number;
}

export interface EngineInfo {
  readonly version: string;
  readonly pid: number;
  /** Providers that onnxruntime lists here, and the one in use; `reason` when it is not the one asked for. */
  readonly providers: readonly string[];
  readonly provider: string;
  readonly reason?: string;
}

export interface ValueSummary {
  readonly name: string;
  readonly dtype: string;
  /** Names for dimensions that are not fixed. */
  readonly shape: readonly (number | string | null)[];
}

export interface ModelInfo {
  readonly path: string;
  /** File name without folder. */
  readonly name: string;
  readonly inputs: readonly ValueSummary[];
  readonly outputs: readonly ValueSummary[];
  readonly task: string;
  /** Number of parameters. */
  readonly parameters: number;
  readonly opset: number;
  readonly provider: string;
  /** How each preprocessing setting was found, e.g. {key:'mean', value:'0.485, …', origin:'guess'}. */
  readonly settings: readonly { readonly key: string; readonly value: string; readonly origin: string }[];
  /** The prism.json used, or undefined when everything was guessed. */
  readonly configPath?: string;
  readonly warnings: readonly RemoteError[];
}

export interface OptionInfo {
  readonly key: string;
  readonly title: string;
  readonly help: string;
  readonly type: 'boolean' | 'integer' | 'number' | 'choice' | 'file' | 'value';
  readonly default: boolean | number | string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
}

export interface MethodSummary {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly paper?: { readonly title: string; readonly url: string };
  readonly family: string;
  readonly signed: boolean;
  readonly layers: boolean;
  readonly options: readonly OptionInfo[];
}

export type OptionValues = Readonly<Record<string, boolean | number | string>>;

/** A layer of the model, in the model's order; layer 0 is the input. */
export interface LayerInfo {
  /** Name of the value in the model: stable, what --at takes. */
  readonly id: string;
  /** A short name for people, e.g. `layer1.0.relu`. */
  readonly title: string;
  readonly op: string;
  readonly shape: readonly number[];
  /** Width and height of its grid of PFVs; tokens and 1-D signals have height 1. */
  readonly width: number;
  readonly height: number;
}

/** The photograph as the person knows it, and the part of it the model looked at. */
export interface Photograph {
  readonly path: string;
  /** Size in pixels after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** Encoded for display (PNG or JPEG), scaled down when large. Empty in an update of a panel that has it already. */
  readonly encoded: Uint8Array;
  readonly mime: string;
  /** The rectangle, in photograph pixels, that the model's input covers; may reach outside when letterboxed. */
  readonly viewport: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** A token of a text, its stretch of the text in UTF-16 code units, and what it contributes. */
export interface TokenPart {
  readonly text: string;
  readonly id: number;
  readonly start: number;
  readonly end: number;
  /** Absent for words: `special` ones are the tokenizer's own, `padding` fills up. */
  readonly kind?: 'special' | 'unknown' | 'padding';
  readonly relevance: number;
}

/** A column of a row, its cell as written, and what it contributes. */
export interface FeaturePart {
  readonly name: string;
  readonly value: string;
  readonly relevance: number;
}

export interface TextParts {
  readonly text: string;
  readonly path?: string;
  readonly tokens: readonly TokenPart[];
}

export interface RowParts {
  /** What it is called, e.g. `row 3 of wine.csv`. */
  readonly name: string;
  readonly features: readonly FeaturePart[];
}

export interface ConservationInfo {
  readonly what: string;
  readonly expected: number;
  readonly actual: number;
  readonly residual: number;
  readonly lost?: number;
}

/** What is explained: a picture's file, a text or its file, or a row of a table (`a=1,b=x`, or a file and `:N`). */
export interface InputParams {
  readonly image?: string;
  readonly text?: string;
  readonly textFile?: string;
  readonly row?: string;
  /** Arrays (.npy) by the names of the model's inputs, fed as they are; `image` then names what they are a picture of. */
  readonly inputs?: Readonly<Record<string, string>>;
}

/** Which positions of a dense output count: those where the class is the highest, or a part of the photograph in its pixels. */
export type Where =
  | 'predicted'
  | { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** Something that a detector has found, in pixels of the photograph. */
export interface DetectedBox {
  readonly index: number;
  readonly label: string;
  readonly probability: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** What to explain for this box: an element of the output. */
  readonly score: string;
}

export interface ExplainParams extends InputParams {
  readonly model: string;
  readonly method: string;
  /** Class index or label; the top class when absent. */
  readonly target?: number | string;
  /** An element of an output instead of a class, `OUTPUT[0,4,17]`: the class of one box of a detector. */
  readonly score?: string;
  /** Of an output with a label for every token: which token's is explained; the first word's when absent. */
  readonly token?: number;
  /** Of a segmentation: everywhere when absent. */
  readonly where?: Where;
  readonly options?: OptionValues;
}

export interface Explanation {
  /** Handle for further questions; kept by the engine until released or evicted. */
  readonly id: string;
  readonly model: ModelInfo;
  readonly method: MethodSummary;
  /** Complete: defaults filled in. */
  readonly options: OptionValues;
  readonly target: ClassScore;
  /** The five highest classes. */
  readonly top: readonly ClassScore[];
  /** What a detector has found, the surest first; the explained score among them or not. */
  readonly boxes?: readonly DetectedBox[];
  /** The explained score where it is that of a box. */
  readonly score?: string;
  /** The token whose label is explained, where every token has one. */
  readonly token?: number;
  /** The positions that count, where not all do. */
  readonly where?: Where;
  /** Of a picture. */
  readonly photograph?: Photograph;
  /** Of a text: all of it, its file where it has one, and its tokens. */
  readonly text?: TextParts;
  /** Of a row of a table. */
  readonly row?: RowParts;
  /** Relevance of the input's locations (channels summed). */
  readonly map: ScalarMap;
  readonly statistics: { readonly sum: number; readonly min: number; readonly max: number };
  readonly conservation?: ConservationInfo;
  /** Empty when the method explains the input only. */
  readonly layers: readonly LayerInfo[];
  readonly provider: string;
  /** Milliseconds by stage: decode, compile, run, total. */
  readonly ms: Readonly<Record<string, number>>;
  readonly warnings: readonly RemoteError[];
}

/** An explanation of a picture. */
export type PicturedExplanation = Explanation & { readonly photograph: Photograph };

export interface Progress {
  /** 0 to 1, or undefined when unknown. */
  readonly fraction?: number;
  readonly message: string;
  /** The map so far. */
  readonly partial?: ScalarMap;
}
