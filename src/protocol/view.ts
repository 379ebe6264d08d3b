import type { Progress, RemoteError } from '../protocol';

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
