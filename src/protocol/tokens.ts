import type {
  ClassScore,
  ConservationInfo,
  InputParams,
  MethodSummary,
  ModelInfo,
  OptionValues,
  RemoteError,
  TokenPart,
} from '../protocol';
import type { ViewState, WorkHostApi } from './view';

/** A text of which several tokens are explained, one after the other. */
export interface TokenStudyParams extends Pick<InputParams, 'text' | 'textFile'> {
  readonly model: string;
  readonly method: string;
  readonly options?: OptionValues;
}

/** What one token is explained by: its row of the map. */
export interface TokenRow {
  /** Place of the explained token among the tokens. */
  readonly at: number;
  /** What the model says there: the new token, or the label of a given one. */
  readonly target: ClassScore;
  /** The most probable alternatives, the chosen one first. */
  readonly top: readonly ClassScore[];
  /** Of every token that it was read from, in their order; a new token has none of its own. */
  readonly relevance: Float32Array;
  readonly conservation?: ConservationInfo;
}

/** The map token × token so far. */
export interface TokenStudy {
  /** Handle for the next rows; kept by the engine until released or evicted. */
  readonly id: string;
  /** `generation`: the model goes on with the text. `labels`: it names every token of it. */
  readonly kind: 'generation' | 'labels';
  readonly model: ModelInfo;
  readonly method: MethodSummary;
  readonly options: OptionValues;
  /** What was given, and what the model has added. */
  readonly text: string;
  readonly path?: string;
  readonly tokens: readonly Omit<TokenPart, 'relevance'>[];
  /** How many of the tokens were given. */
  readonly given: number;
  readonly rows: readonly TokenRow[];
  /** Why there are no more rows: the model ended the text, its positions are used up, all tokens are explained. */
  readonly ended?: 'end' | 'full' | 'all';
  /** Whether earlier tokens are read from a cache of keys and values. */
  readonly cached: boolean;
  readonly provider: string;
  /** Milliseconds so far, by stage. */
  readonly ms: Readonly<Record<string, number>>;
  readonly warnings: readonly RemoteError[];
}

/** What the engine answers to whoever looks at a text token by token. */
export interface TokenApi {
  /** Reads the text; nothing is explained yet. */
  openTokens(params: TokenStudyParams): Promise<TokenStudy>;
  /** Explains the next token. TOKENS_GONE when the study was evicted. */
  nextToken(params: { readonly study: string }): Promise<TokenStudy>;
  /** Writes the map (npy, [rows, tokens]), its picture (png) or all that is known (json). */
  saveTokens(params: { readonly study: string; readonly path: string }): Promise<void>;
  releaseTokens(params: { readonly study: string }): Promise<void>;
  /** Relevance of the tokens of a living explanation, layer by layer. NO_TOKENS, METHOD_WITHOUT_LAYERS. */
  tokenLayers(params: { readonly explanation: string }): Promise<readonly TokenLayer[]>;
}

/** What the panel of an explanation may ask of the host about the tokens of its text. */
export interface TokenHostApi {
  tokenLayers(params: Record<string, never>): Promise<readonly TokenLayer[]>;
  /** Explains the label of a token, or why it comes next to a model that goes on with texts. */
  explainToken(params: { readonly token: number }): Promise<void>;
  /** Shows the map token × token, and this token in it. */
  showTokens(params: { readonly token: number }): Promise<void>;
}

/** The relevance of every token at one layer. */
export interface TokenLayer {
  /** Name of the value in the model. */
  readonly id: string;
  readonly title: string;
  readonly op: string;
  readonly relevance: Float32Array;
}

/** What the panel of tokens shows; it is sent whole. */
export interface TokensState extends ViewState {
  readonly status: 'working' | 'ready' | 'failed';
  readonly question: TokenStudyParams;
  readonly study?: TokenStudy;
  /** How many rows were asked for. */
  readonly goal: number;
  /** The token to look at first. */
  readonly at?: number;
}

/** What the webview of tokens may ask of the host. */
export interface TokensHostApi extends WorkHostApi {
  ready(params: Record<string, never>): Promise<TokensState>;
  /** Explains so many tokens more. */
  more(params: { readonly count: number }): Promise<void>;
  /** Lets the person choose another method, and begins anew. */
  pickMethod(params: Record<string, never>): Promise<void>;
  exportAs(params: { readonly format: 'png' | 'npy' | 'json' }): Promise<void>;
}

/** What the host tells the webview of tokens. */
export interface TokensApi {
  update(params: TokensState): Promise<void>;
}
