import type { RemoteError } from '../protocol';

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
