import type { ClassScore, MethodSummary, Progress, RemoteError } from '../protocol';

/** What every view that shows work is told of it. */
export interface ViewState {
  readonly status: string;
  readonly progress?: Progress;
  readonly error?: RemoteError;
  /** Strings of the view in the display language, by the key used in the source. */
  readonly l10n: Readonly<Record<string, string>>;
}

/** What may be asked of work that is shown. */
export interface WorkHostApi {
  cancel(params: Record<string, never>): Promise<void>;
  retry(params: Record<string, never>): Promise<void>;
  showLog(params: Record<string, never>): Promise<void>;
}

/** The explanation that a view beside the panel shows something of. */
export interface FollowedSubject {
  /** Handle of the explanation. */
  readonly id: string;
  /** File name of the model. */
  readonly model: string;
  readonly target: ClassScore;
  readonly method: Pick<MethodSummary, 'id' | 'title' | 'signed'>;
  /** What was explained, as a person calls it. */
  readonly input: string;
}

/** What a view that follows the explanation on show is told; what it shows of it comes apart, as it is large. */
export interface FollowingState<Subject extends FollowedSubject> extends ViewState {
  readonly status: 'empty' | 'working' | 'ready' | 'failed';
  /** What is or was to be shown. */
  readonly subject?: Subject;
  /** The explanation that what is shown is of; another one than the subject's while that is being followed. */
  readonly shown?: string;
  /** Why what is shown is not the latest: another explanation is being made, or there is none any more. */
  readonly stale?: 'changing' | 'gone';
}

/** What every view that follows the explanation on show may ask of the host. */
export interface FollowingHostApi<Subject extends FollowedSubject> extends WorkHostApi {
  ready(params: Record<string, never>): Promise<FollowingState<Subject>>;
}
