import type { EvaluationParams } from './study';
import type { ViewState } from './view';

/** What the panel of an evaluation shows. */
export interface ReportState extends ViewState {
  readonly status: 'working' | 'ready' | 'stopped' | 'failed';
  readonly title: string;
  /** The report so far, a page of its own; absent in an update of a panel that has it already. */
  readonly page?: string;
  /** What was asked. The webview keeps it for the host, which gets it back after a reload. */
  readonly question: EvaluationParams;
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
