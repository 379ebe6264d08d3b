import type { OptionValues, Photograph, RemoteError, RowParts, ScalarMap, TextParts } from '../protocol';

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

/** Maps of one input by several methods, as a picture to keep. */
export interface Sheet {
  readonly photograph?: Photograph;
  /** What it is of, kept in the file's metadata. */
  readonly caption: string;

  /** What is explained, in words. */
  readonly target: string;
  /** Where the maps are a table: how many stand in a row, beside the photograph. */
  readonly columns?: number;
  readonly cells: readonly {
    readonly title: string;
    readonly note: string;
    /** Absent where there is none, which leaves a gap. */
    readonly map?: ScalarMap;
    /** Of a text or a row: what is painted instead of the map. */
    readonly text?: TextParts;
    readonly row?: RowParts;
    readonly signed: boolean;
  }[];
}

export interface MetricSummary {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly better: 'higher' | 'lower';
  /** What it needs beside the attribution. */
  readonly needs: readonly ('model' | 'mask' | 'method' | 'tokens')[];
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

/** Methods to judge by metrics on pictures, texts or rows; one kind of them. */
export interface EvaluationParams {
  readonly model: string;
  /** A folder of pictures. */
  readonly images?: string;
  /** A folder of texts, a file with one on each line, or a table with a column of them. */
  readonly texts?: string;
  /** A table. */
  readonly rows?: string;
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
  /** How many texts or rows there are. NO_TEXTS, NO_ROWS, TEXT_COLUMN_MISSING, CSV_INVALID, FILE_NOT_FOUND. */
  countInputs(params: Pick<EvaluationParams, 'texts' | 'rows'>): Promise<number>;
  /** Takes long: reports {@link Progress}, can be cancelled, and goes on where it was stopped. */
  evaluate(params: EvaluationParams): Promise<EvaluationOutcome>;
  /** The methods that cannot explain by the model, found by building their graphs; may take seconds. */
  unfit(params: { readonly model: string }): Promise<readonly Unfit[]>;
  /** Compares two living explanations of one input by two models, layer by layer. NOTHING_IN_COMMON. */
  diverge(params: { readonly first: string; readonly second: string }): Promise<ModelDivergence>;
  /** Writes a picture (PNG) of maps side by side. */
  saveSheet(params: { readonly path: string; readonly sheet: Sheet }): Promise<void>;
}
