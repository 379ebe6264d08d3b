import type { ClassScore, RemoteError, ScalarMap } from '../protocol';
import type { MapChange } from './study';

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
  /** How one checkpoint's answer differs from that of any other; null where one of them has none. */
  change(params: {
    readonly from: string;
    readonly to: string;
    readonly image: string;
  }): Promise<CheckpointChange | null>;
  /** Explains the image in the panel by that checkpoint's file as it is now. */
  open(params: { readonly step: string; readonly image: string }): Promise<void>;
  pin(params: Record<string, never>): Promise<void>;
  unpin(params: { readonly image: string }): Promise<void>;
}

/** What the host tells the view of checkpoints. */
export interface CheckpointViewApi {
  update(params: CheckpointState): Promise<void>;
}
