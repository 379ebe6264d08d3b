import type { OptionValues, RemoteError, ScalarMap } from '../protocol';

/** One PFV of a layer, by column and row of the layer's grid. */
export interface PfvPlace {
  readonly layer: string;
  readonly x: number;
  readonly y: number;
}

/** A PFV that another one draws on, and the sharing ratio. */
export interface PfvSource extends PfvPlace {
  readonly share: number;
}

/** What a layer gives in all. */
export interface SourceLayer {
  readonly layer: string;
  readonly share: number;
  /** How many of its PFVs give anything. */
  readonly count: number;
}

/** What one PFV is made of: Σ shares + rest + kept = 1, up to rounding. */
export interface PfvSources extends PfvPlace {
  /** The largest shares first. */
  readonly sources: readonly PfvSource[];
  /** What those that are not named give together, and how many they are. */
  readonly rest: { readonly share: number; readonly count: number };
  /** What no PFV gives: what biases make of zeros, and constants. */
  readonly kept: number;
  /** All of it added up, as computed. */
  readonly sum: number;
  /** The largest share first. */
  readonly layers: readonly SourceLayer[];
}

/** One component of a PFV. */
export interface PfvChannel {
  readonly channel: number;
  readonly value: number;
  /** What it contributes to the score to first order: the value times the gradient of the score. */
  readonly contribution?: number;
}

/** The components of a PFV that stand out. */
export interface PfvChannels extends PfvPlace {
  /** How many there are. */
  readonly count: number;
  /** Euclidean length of the vector. */
  readonly norm: number;
  /** The largest values first. */
  readonly largest: readonly PfvChannel[];
  /** Those that speak most for or against the score; absent where the gradient cannot be had. */
  readonly contributing?: readonly PfvChannel[];
  /** Why there are no contributions. */
  readonly missing?: RemoteError;
}

/** A PFV to be looked for among those of other images. */
export interface PfvQuery {
  readonly model: string;
  readonly layer: string;
  /** Axes of the layer's value over channels. */
  readonly channels: readonly number[];
  /** Of length 1. */
  readonly vector: Float32Array;
  /** How receptive fields are computed. */
  readonly method: string;
  readonly options: OptionValues;
}

/** A PFV of another image that points the same way. */
export interface AlikePfv {
  readonly x: number;
  readonly y: number;
  readonly cosine: number;
  /** What it sees most of, in pixels of the photograph, and that part of the photograph. */
  readonly seen: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly encoded: Uint8Array;
  readonly mime: string;
}

/** What the engine answers about single PFVs of an explanation by a method with layers. */
export interface PfvApi {
  /** Which PFVs of the layers before one is made of; at most `count` are named. */
  pfvSources(params: { readonly explanation: string; readonly count: number } & PfvPlace): Promise<PfvSources>;
  /** At most `count` channels of each kind. */
  pfvChannels(params: { readonly explanation: string; readonly count: number } & PfvPlace): Promise<PfvChannels>;
  /** The activation of one channel of a layer. */
  channelMap(params: {
    readonly explanation: string;
    readonly layer: string;
    readonly channel: number;
  }): Promise<ScalarMap>;
  /** A PFV as what {@link PfvApi.alikeIn} looks for; any engine can look for it. */
  pfvQuery(params: { readonly explanation: string } & PfvPlace): Promise<PfvQuery>;
  /** The PFVs of an image that are most like one, the likest first: peaks among their neighbours, above `floor`. */
  alikeIn(params: {
    readonly query: PfvQuery;
    readonly image: string;
    readonly count: number;
    /** Cosine below which nobody is interested. */
    readonly floor: number;
    /** The place that the query itself is from, if it is of this image. */
    readonly except?: { readonly x: number; readonly y: number };
  }): Promise<readonly AlikePfv[]>;
}

/** Images in which PFVs may be looked for. */
export interface AlikeImages {
  /** Name of the folder that most of them are in. */
  readonly folder: string;
  readonly images: readonly string[];
}

/** What the panel's webview may ask of the host about the PFV that is looked at. */
export interface PfvHostApi {
  pfvSources(params: { readonly count: number } & PfvPlace): Promise<PfvSources>;
  pfvChannels(params: { readonly count: number } & PfvPlace): Promise<PfvChannels>;
  channelMap(params: { readonly layer: string; readonly channel: number }): Promise<ScalarMap>;
  /**
   * Where to look for PFVs like one: the pinned images, and those beside the one explained or in a folder that the
   * person chooses; null when they do not.
   */
  alikeImages(params: { readonly folder: 'own' | 'chosen' }): Promise<AlikeImages | null>;
  /** The PFVs of an image most like one of the explained image, in the background. */
  alikeIn(
    params: { readonly image: string; readonly count: number; readonly floor: number } & PfvPlace,
  ): Promise<readonly AlikePfv[]>;
  /** Explains an image and looks at one of its PFVs. */
  openAlike(params: { readonly image: string } & PfvPlace): Promise<void>;
}
