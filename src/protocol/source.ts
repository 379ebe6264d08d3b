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
  /** Open files that do not parse as they stand: a line is being written. */
  readonly broken: readonly string[];
}

/** Units of a layer that the input leaves at zero everywhere: channels of pictures, entries of vectors. */
export interface SilentUnits {
  readonly layer: string;
  readonly silent: number;
  readonly units: number;
}

/** What the engine answers to whoever looks at the training code. */
export interface SourceApi {
  /** Ties the model to its training code: in `root`, or where the model's settings say. */
  source(params: {
    readonly model: string;
    readonly root?: string;
    /** Texts that are not saved yet, by path. */
    readonly open?: Readonly<Record<string, string>>;
  }): Promise<ModelSource>;
  /** Of every rectified layer, how many units are zero everywhere on the input of a living explanation. */
  silent(params: { readonly explanation: string }): Promise<readonly SilentUnits[]>;
}
