import type { Photograph, ScalarMap, TextParts } from '../protocol';
import type { FollowedSubject, FollowingHostApi, FollowingState } from './view';

/** What is looked at: how much a token heeds others, or what of the score came that way by the method. */
export type AttentionKind = 'weights' | 'relevance';

/** One attention of a model. */
export interface AttentionLayer {
  /** Name of its weights, a value of the model. */
  readonly value: string;
  readonly title: string;
  readonly heads: number;
  /** How many tokens ask, and how many may be heeded. */
  readonly queries: number;
  readonly keys: number;
}

/** The attentions of an explained model, in its order. */
export interface Attentions {
  readonly layers: readonly AttentionLayer[];
  /** Whether the explanation's method follows relevance through attention weights. */
  readonly relevance: boolean;
  /** Of a picture: how the tokens lie in it, after as many others. */
  readonly grid?: { readonly width: number; readonly height: number; readonly first: number };
}

/** A matrix of one head: a row for each token that asks. */
export interface AttentionMatrix {
  readonly map: ScalarMap;
  /** How many tokens stand behind one row and one column; 1 unless the matrix was too large to be handed over. */
  readonly each: number;
}

/** A head, counted from 0; `all` is their mean, of relevance their sum. */
export type AttentionHead = number | 'all';

/** What the engine answers to a view of attention. */
export interface AttentionApi {
  /** The attentions of a living explanation. NO_ATTENTION. */
  attentions(params: { readonly explanation: string }): Promise<Attentions>;
  /** All heads of a layer, each small: no side longer than `size`, the strongest of each block. May take seconds. */
  attentionHeads(params: {
    readonly explanation: string;
    readonly layer: string;
    readonly kind: AttentionKind;
    readonly size: number;
  }): Promise<readonly ScalarMap[]>;
  /** One head. PFV_OUT_OF_RANGE. */
  attentionHead(params: {
    readonly explanation: string;
    readonly layer: string;
    readonly kind: AttentionKind;
    readonly head: AttentionHead;
  }): Promise<AttentionMatrix>;
}

/** What there is to show of an explanation; it comes once, as it is large. */
export interface AttentionContent {
  readonly explanation: string;
  readonly attentions: Attentions;
  readonly text?: TextParts;
  readonly photograph?: Photograph;
}

export type AttentionState = FollowingState<FollowedSubject>;

/** What a view of attention may ask of the host. */
export interface AttentionHostApi extends FollowingHostApi<FollowedSubject> {
  heads(params: {
    readonly layer: string;
    readonly kind: AttentionKind;
    readonly size: number;
  }): Promise<readonly ScalarMap[]>;
  head(params: {
    readonly layer: string;
    readonly kind: AttentionKind;
    readonly head: AttentionHead;
  }): Promise<AttentionMatrix>;
}

/** What the host tells a view of attention. */
export interface AttentionViewApi {
  update(params: AttentionState): Promise<void>;
  /** The attentions of an explanation, before the state that shows them. */
  attentions(params: AttentionContent): Promise<void>;
}
