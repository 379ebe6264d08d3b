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

/** The line of the training code that made a value of the model; lines count from 1. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  /** `enclosing`: not this line but the nearest that is certain, of the module or class around it. */
  readonly certainty: 'exact' | 'enclosing';
  /** The module's path in the model, e.g. `layer1.0.conv1`. */
  readonly module: string;
}

/** A value of the model, as the training code has it. */
export interface SourcedValue {
  readonly value: string;
  readonly title: string;
  readonly op: string;
  readonly shape: readonly number[];
  /** Numbers in the weights that make it. */
  readonly parameters: number;
  /** The layer that shows it in the panel. */
  readonly layer?: string;
  /** Absent: not found in the training code. */
  readonly source?: SourceLine;
}

export interface ModelSource {
  /** The folder or file that was read. */
  readonly root: string;
  /** In the model's order. */
  readonly values: readonly SourcedValue[];
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

/** A method that a model is beyond, and why. */
export interface Unfit {
  readonly method: string;
  readonly error: RemoteError;
}

/** How alike the feature vectors of one layer are in two models. */
export interface VectorLikeness {
  /** Cosine of the two vectors of a location: the mean over locations, and the lowest. */
  readonly cosine: number;
  readonly lowest: number;
  /** ‖a − b‖ / ‖a‖ over the whole layer: what the cosine does not see, the lengths, counts too. */
  readonly difference: number;
}

/** How alike two relevance maps of one layer are. */
export interface MapLikeness {
  /** Spearman's rank correlation; null where one map is constant. */
  readonly correlation: number | null;
  /** Share of relevance that lies elsewhere: ½ Σ|a/Σ|a| − b/Σ|b||, from 0 (same) to 1 (nothing in common). */
  readonly moved: number;
}

/** A layer that two models have. */
export interface LayerDivergence extends VectorLikeness {
  readonly title: string;
  readonly op: string;
  readonly shape: readonly number[];
  /** Names of the value in either model. */
  readonly values: readonly [string, string];
  /** Of methods that explain layers. */
  readonly relevance?: MapLikeness;
}

/** Where two models part on one input. */
export interface ModelDivergence {
  /** The explained input's maps; null where they differ in size. */
  readonly relevance: MapLikeness | null;
  readonly layers: readonly LayerDivergence[];
  /** Index of the first layer whose vectors point elsewhere: mean cosine below the threshold. */
  readonly parted: number | null;
  readonly threshold: number;
  /** Layers that the other model does not have. */
  readonly alone: readonly [readonly string[], readonly string[]];
}

/** How alike two maps of one size are. */
export interface MapChange {
  /** Spearman's rank correlation; null where one of them is constant. */
  readonly correlation: number | null;
  /** Share of the strongest tenth of the places that both have in common. */
  readonly overlap: number;
}

/** What the engine process answers. */
export interface EngineApi extends StudyApi {
  initialize(params: { readonly cacheDir: string | null; readonly provider: string }): Promise<EngineInfo>;
  methods(params: Record<string, never>): Promise<readonly MethodSummary[]>;
  model(params: { readonly path: string }): Promise<ModelInfo>;
  predict(params: {
    readonly model: string;
    readonly image: string;
  }): Promise<{ readonly top: readonly ClassScore[]; readonly ms: number; readonly provider: string }>;
  layers(params: { readonly model: string }): Promise<readonly LayerInfo[]>;
  /** Ties the model to its training code: in `root`, or where the model's settings say. */
  source(params: { readonly model: string; readonly root?: string }): Promise<ModelSource>;
  /** May take long: reports {@link Progress} and can be cancelled. */
  explain(params: ExplainParams): Promise<Explanation>;
  /** Relevance maps of layers of a living explanation. EXPLANATION_GONE when it was evicted: explain again. */
  layerMaps(params: {
    readonly explanation: string;
    readonly layers: readonly string[];
  }): Promise<readonly ScalarMap[]>;
  /** Effective receptive field of one PFV, at the input's resolution; sums to 1. */
  receptiveField(params: {
    readonly explanation: string;
    readonly layer: string;
    readonly x: number;
    readonly y: number;
  }): Promise<ScalarMap>;
  /** How much each PFV of a layer draws on one location of the input. */
  readers(params: {
    readonly explanation: string;
    readonly layer: string;
    readonly x: number;
    readonly y: number;
  }): Promise<ScalarMap>;
  /** Writes the raw attribution (npy), the picture (png), the report (json) or the explanation graph (onnx). */
  save(params: { readonly explanation: string; readonly path: string }): Promise<void>;
  release(params: { readonly explanation: string }): Promise<void>;
  /** How alike two maps are; null where their sizes differ. */
  compareMaps(params: { readonly first: ScalarMap; readonly second: ScalarMap }): Promise<MapChange | null>;
  /** Writes the guessed settings of a model as <model>.prism.json and returns its path. */
  writeConfig(params: { readonly model: string }): Promise<string>;
}

/** Maps of one input by several methods, as a picture to keep. */
export interface Sheet {
  readonly photograph?: Photograph;
  /** What it is of, kept in the file's metadata. */
  readonly caption: string;

  /** What is explained, in words. */
  readonly target: string;
  readonly cells: readonly {
    readonly title: string;
    readonly note: string;
    readonly map: ScalarMap;
    readonly signed: boolean;
  }[];
}

export interface MetricSummary {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly better: 'higher' | 'lower';
  /** What it needs beside the attribution. */
  readonly needs: readonly ('model' | 'mask' | 'method')[];
}

/** A folder of pictures, with what belongs to it as far as that was found. */
export interface PictureFolder {
  readonly count: number;
  /** The first picture. */
  readonly first: string;
  /** Pictures that have a mask beside them. */
  readonly masked: number;
  /** A folder of masks of the same names. */
  readonly masks?: string;
  /** A file of their classes. */
  readonly labels?: string;
}

/** Methods to judge by metrics on a folder of pictures. */
export interface EvaluationParams {
  readonly model: string;
  readonly images: string;
  readonly masks?: string;
  readonly labels?: string;
  readonly methods: readonly string[];
  /** By `METHOD.KEY`. */
  readonly methodOptions?: OptionValues;
  readonly metrics: readonly string[];
  /** Folder of the results: what is in it already is not done again. */
  readonly out: string;
}

/** What became of an evaluation. */
export interface EvaluationOutcome {
  readonly judged: number;
  readonly count: number;
  readonly failures: number;
}

/** What a metric says of an explanation. */
export interface JudgedMetric extends MetricSummary {
  readonly value: number | null;
  /** Why there is no value. */
  readonly reason?: string;
  readonly curve?: readonly number[];
  readonly error?: RemoteError;
}

/** What the engine answers to whoever looks at several methods. */
export interface StudyApi {
  /** Judges a living explanation; a metric that fails says so. */
  judge(params: {
    readonly explanation: string;
    readonly metrics: readonly string[];
    /** A file: where the evidence is. */
    readonly mask?: string;
  }): Promise<readonly JudgedMetric[]>;
  metrics(params: Record<string, never>): Promise<readonly MetricSummary[]>;
  folder(params: { readonly images: string }): Promise<PictureFolder>;
  /** Takes long: reports {@link Progress}, can be cancelled, and goes on where it was stopped. */
  evaluate(params: EvaluationParams): Promise<EvaluationOutcome>;
  /** The methods that cannot explain by the model, found by building their graphs; may take seconds. */
  unfit(params: { readonly model: string }): Promise<readonly Unfit[]>;
  /** Compares two living explanations of one input by two models, layer by layer. NOTHING_IN_COMMON. */
  diverge(params: { readonly first: string; readonly second: string }): Promise<ModelDivergence>;
  /** Writes a picture (PNG) of maps side by side. */
  saveSheet(params: { readonly path: string; readonly sheet: Sheet }): Promise<void>;
}

/** One method of a comparison; its map is asked for apart, by the handle of its explanation. */
export interface ComparedMethod {
  readonly method: string;
  readonly status: 'waiting' | 'working' | 'ready' | 'failed';
  readonly result?: Pick<Explanation, 'id' | 'options' | 'target' | 'conservation' | 'provider' | 'ms'>;
  readonly error?: RemoteError;
}

/** Several methods on one input. */
export interface ComparisonState {
  /** Another one each time that a comparison begins. */
  readonly id: string;
  readonly methods: readonly ComparedMethod[];
}

/** What a panel is asked: one explanation, with methods to compare beside it or none. */
export interface PanelQuestion extends ExplainParams {
  readonly compare?: readonly string[];
}

/** What the panel shows at one moment; the host owns it and sends it whole. */
export interface PanelState {
  readonly status: 'empty' | 'working' | 'ready' | 'failed';
  readonly progress?: Progress;
  readonly error?: RemoteError;
  /** What is or was to be explained. The webview keeps it for the host, which gets it back after a reload. */
  readonly question?: PanelQuestion;
  /** Methods beside each other, of the same model and image as the explanation. */
  readonly comparison?: ComparisonState;
  /** What metrics say of an explanation, by its handle. */
  readonly judged?: { readonly explanation: string; readonly metrics: readonly JudgedMetric[] };
  /** The last good explanation stays visible while another is being computed or after one failed. */
  readonly explanation?: Explanation;
  readonly methods: readonly MethodSummary[];
  /** Those that cannot explain by the model; absent while that is not known. */
  readonly unfit?: readonly Unfit[];
  /** Strings of the panel in the display language, by the key used in the source. */
  readonly l10n: Readonly<Record<string, string>>;
}

/** What a person chose to look at; kept by the webview across reloads. Presentation only. */
export interface PanelView {
  readonly layer?: string;
  readonly pinned?: { readonly layer: string; readonly x: number; readonly y: number };
  readonly opacity: number;
  /** Gaussian smoothing in input pixels; undefined: about 1 % of the width. */
  readonly smoothing?: number;
  readonly colourMap: string;
  readonly layout: 'overlay' | 'side-by-side';
}

/** What the webview may ask of the host. */
export interface HostApi {
  /** The webview is listening: send it a snapshot. */
  ready(params: Record<string, never>): Promise<PanelState>;
  explainTarget(params: { readonly index: number }): Promise<void>;
  /** Another part of the output: a box of a detector, or other positions of a segmentation (null: all). */
  explainPart(params: { readonly score: string } | { readonly where: Where | null }): Promise<void>;
  chooseMethod(params: { readonly method: string }): Promise<void>;
  setOptions(params: { readonly options: OptionValues }): Promise<void>;
  cancel(params: Record<string, never>): Promise<void>;
  retry(params: Record<string, never>): Promise<void>;
  layerMaps(params: { readonly layers: readonly string[] }): Promise<readonly ScalarMap[]>;
  receptiveField(params: { readonly layer: string; readonly x: number; readonly y: number }): Promise<ScalarMap>;
  readers(params: { readonly layer: string; readonly x: number; readonly y: number }): Promise<ScalarMap>;
  /** Lets the person choose methods and compares them. */
  pickCompared(params: Record<string, never>): Promise<void>;
  /** Compares the same methods for another class. */
  compareTarget(params: { readonly index: number }): Promise<void>;
  /** Shows one of the compared explanations by itself. */
  openCompared(params: { readonly method: string }): Promise<void>;
  /** Maps of compared methods, by the handles of their explanations. */
  comparedMaps(params: { readonly explanations: readonly string[] }): Promise<readonly ScalarMap[]>;
  /** Writes the comparison as one picture. */
  exportComparison(params: Record<string, never>): Promise<void>;
  /** Lets the person choose another method, those that fit the model first. */
  pickMethod(params: Record<string, never>): Promise<void>;
  /** Lets the person choose metrics and judges the explanation by them. */
  judge(params: Record<string, never>): Promise<void>;
  /** Lets the person choose a file for an option; undefined when they do not. */
  pickFile(params: { readonly title: string }): Promise<string | undefined>;
  /** `png` comes with the picture as the panel paints it. */
  exportAs(params: { readonly format: 'png' | 'npy' | 'json' | 'onnx'; readonly png?: Uint8Array }): Promise<void>;
  writeConfig(params: Record<string, never>): Promise<void>;
  openModelConfig(params: Record<string, never>): Promise<void>;
  /** Opens the line of the training code that made a layer. */
  goToCode(params: { readonly layer: string }): Promise<void>;
  showLog(params: Record<string, never>): Promise<void>;
}

/** What the host tells the webview. */
export interface PanelApi {
  update(params: PanelState): Promise<void>;
  /** Work has begun or goes on: the rest of the state, which is large, stays as it was. */
  working(params: Pick<PanelState, 'question' | 'progress'>): Promise<void>;
  /** Opens a layer of the explanation on show. */
  openLayer(params: { readonly layer: string }): Promise<void>;
}

/** What the panel of an evaluation shows. */
export interface ReportState {
  readonly status: 'working' | 'ready' | 'stopped' | 'failed';
  readonly title: string;
  readonly progress?: Progress;
  readonly error?: RemoteError;
  /** The report so far, a page of its own; absent in an update of a panel that has it already. */
  readonly page?: string;
  /** What was asked. The webview keeps it for the host, which gets it back after a reload. */
  readonly question: EvaluationParams;
  readonly l10n: Readonly<Record<string, string>>;
}

/** What the webview of an evaluation may ask of the host. */
export interface ReportHostApi {
  /** The webview is listening: send it a snapshot. */
  ready(params: Record<string, never>): Promise<ReportState>;
  cancel(params: Record<string, never>): Promise<void>;
  /** Goes on where it was stopped. */
  resume(params: Record<string, never>): Promise<void>;
  exportAs(params: { readonly format: 'html' | 'json' | 'csv' }): Promise<void>;
  showLog(params: Record<string, never>): Promise<void>;
}

/** What the host tells the webview of an evaluation. */
export interface ReportApi {
  update(params: ReportState): Promise<void>;
}

/** What one checkpoint of a model in training says of one pinned image. */
export interface CheckpointCell {
  readonly status: 'waiting' | 'working' | 'ready' | 'failed';
  readonly error?: RemoteError;
  /** The class that this checkpoint predicts: the explained one. */
  readonly target?: ClassScore;
  /** Against the checkpoint before, where there is one. */
  readonly change?: CheckpointChange;
}

export interface CheckpointChange {
  /** Null where the maps cannot be compared. */
  readonly maps: MapChange | null;
  readonly samePrediction: boolean;
  /** The prediction stayed and what it rests on did not. */
  readonly otherReason: boolean;
}

/** A state of the model that was written during training. */
export interface CheckpointStep {
  readonly id: string;
  readonly path: string;
  /** File name, and what tells it from other states of the same file. */
  readonly name: string;
  /** When it was written, in milliseconds since 1970. */
  readonly time: number;
  /** By the path of the image. */
  readonly cells: Readonly<Record<string, CheckpointCell>>;
}

export interface PinnedImage {
  readonly path: string;
  readonly name: string;
  /** An address that the view can load it from. */
  readonly source: string;
}

/** What the view of checkpoints shows; maps are asked for apart. */
export interface CheckpointState {
  readonly images: readonly PinnedImage[];
  /** In the order in which they were written. */
  readonly steps: readonly CheckpointStep[];
  /** What is watched, in words of the settings: a pattern, or the model's file. */
  readonly watched: string;
  readonly method: string;
  readonly signed: boolean;
  readonly l10n: Readonly<Record<string, string>>;
}

/** What the view of checkpoints may ask of the host. */
export interface CheckpointHostApi {
  ready(params: Record<string, never>): Promise<CheckpointState>;
  map(params: { readonly step: string; readonly image: string }): Promise<ScalarMap>;
  /** Explains the image in the panel by that checkpoint's file as it is now. */
  open(params: { readonly step: string; readonly image: string }): Promise<void>;
  pin(params: Record<string, never>): Promise<void>;
  unpin(params: { readonly image: string }): Promise<void>;
}

/** What the host tells the view of checkpoints. */
export interface CheckpointViewApi {
  update(params: CheckpointState): Promise<void>;
}

/** Two models on one input. */
export interface ModelsQuestion extends Omit<ExplainParams, 'model' | keyof InputParams> {
  readonly image: string;
  readonly models: readonly [string, string];
}

/** What the panel of two models shows; maps of layers are asked for apart. */
export interface ModelsState {
  readonly status: 'working' | 'ready' | 'failed';
  readonly progress?: Progress;
  readonly error?: RemoteError;
  readonly question: ModelsQuestion;
  readonly explanations?: readonly [Explanation, Explanation];
  readonly divergence?: ModelDivergence;
  readonly l10n: Readonly<Record<string, string>>;
}

/** What the webview of two models may ask of the host. */
export interface ModelsHostApi {
  ready(params: Record<string, never>): Promise<ModelsState>;
  /** The maps of a layer in both models, by its index. */
  layerMaps(params: { readonly layer: number }): Promise<readonly [ScalarMap, ScalarMap]>;
  /** Shows one of the two explanations in the panel. */
  open(params: { readonly side: 0 | 1 }): Promise<void>;
  cancel(params: Record<string, never>): Promise<void>;
  retry(params: Record<string, never>): Promise<void>;
  showLog(params: Record<string, never>): Promise<void>;
}

/** What the host tells the webview of two models. */
export interface ModelsApi {
  update(params: ModelsState): Promise<void>;
}

/** Some planes of an array, every `stride`th element of each side: planes × height × width, row by row. */
export interface ArrayPicture {
  readonly width: number;
  readonly height: number;
  readonly planes: number;
  readonly stride: number;
  readonly element: 'uint8' | 'float32';
  readonly data: Uint8Array;
}

/** What the elements of an array are like; min, max and mean are those of finite ones, null where there are none. */
export interface ArrayStatistics {
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly zeros: number;
  readonly nan: number;
  readonly positive: number;
  readonly negative: number;
  /** Elements looked at: fewer than there are when the array is huge. */
  readonly counted: number;
}

/** A channel by its number, the first three as colours, or the mean of all. */
export type ArrayChannel = number | 'colour' | 'mean';

/** One item of an array that is looked at. */
export interface ArrayView {
  readonly type: string;
  readonly dtype: string;
  readonly device?: string;
  readonly requiresGrad?: boolean;
  readonly shape: readonly number[];
  /** Pictures along the leading axes, and which one this is. */
  readonly items: number;
  readonly item: number;
  readonly channels: number;
  readonly channel: ArrayChannel;
  /** Names in place of the channels' numbers. */
  readonly channelNames?: readonly string[];
  /** Of the whole array, and of this item. */
  readonly statistics: ArrayStatistics;
  readonly range: ArrayStatistics;
  readonly picture: ArrayPicture;
}

/** What the panel of an array shows; the host owns it and sends it whole. */
export interface ArrayState {
  readonly title: string;
  /** File and line of the stop. */
  readonly where: string;
  /** `stale`: the program has gone on, or the variable is not there; the picture is of an earlier stop. */
  readonly status: 'working' | 'ready' | 'stale' | 'failed';
  readonly error?: RemoteError;
  readonly view?: ArrayView;
  /** Whether zero is the middle of the colours. */
  readonly signed: boolean;
  readonly notes: readonly string[];
  /** Whether the variable can be given to a model. */
  readonly explainable: boolean;
  readonly l10n: Readonly<Record<string, string>>;
}

/** What the webview of an array may ask of the host. */
export interface ArrayHostApi {
  ready(params: Record<string, never>): Promise<ArrayState>;
  show(params: { readonly item: number; readonly channel?: ArrayChannel }): Promise<void>;
  explain(params: Record<string, never>): Promise<void>;
  refresh(params: Record<string, never>): Promise<void>;
}

/** What the host tells the webview of an array. */
export interface ArrayPanelApi {
  update(params: ArrayState): Promise<void>;
}
