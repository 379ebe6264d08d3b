import type { ClassScore, MethodSummary, ScalarMap, TextParts } from '../protocol';
import type { Network, NetworkStream } from './flow';
import type { ViewState, WorkHostApi } from './view';

/** The explanation that a network view shows. */
export interface NetworkSubject {
  /** Handle of the explanation. */
  readonly id: string;
  /** File name of the model. */
  readonly model: string;
  readonly target: ClassScore;
  readonly method: Pick<MethodSummary, 'id' | 'title' | 'signed'>;
  /** What was explained, as a person calls it. */
  readonly input: string;
  /** Of a text: its tokens, which many values have a place for each. */
  readonly text?: TextParts;
}

/** What a network view shows at one moment; the network itself comes apart, as it is large. */
export interface NetworkState extends ViewState {
  readonly status: 'empty' | 'working' | 'ready' | 'failed';
  /** What is or was to be shown. */
  readonly subject?: NetworkSubject;
  /** The explanation that the network shown is of; another one than the subject's while that is being followed. */
  readonly shown?: string;
  /** Why the network shown is not the latest: another explanation is being made, or there is none any more. */
  readonly stale?: 'changing' | 'gone';
}

/** What a network view may ask of the host. */
export interface NetworkHostApi extends WorkHostApi {
  ready(params: Record<string, never>): Promise<NetworkState>;
  /** Relevance of the value of a node. */
  valueMap(params: { readonly value: string; readonly stream?: NetworkStream }): Promise<ScalarMap>;
  /** Opens a layer in the panel of the explanation. */
  openLayer(params: { readonly layer: string }): Promise<void>;
  /** Opens the line of the training code that made a value. */
  goToCode(params: { readonly value: string }): Promise<void>;
}

/** What the host tells a network view. */
export interface NetworkApi {
  update(params: NetworkState): Promise<void>;
  /** The network of an explanation, before the state that shows it. */
  network(params: { readonly explanation: string; readonly network: Network }): Promise<void>;
}
