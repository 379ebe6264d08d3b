import type { ScalarMap, TextParts } from '../protocol';
import type { Network, NetworkStream } from './flow';
import type { FollowedSubject, FollowingHostApi, FollowingState } from './view';

/** The explanation that a network view shows. */
export interface NetworkSubject extends FollowedSubject {
  /** Of a text: its tokens, which many values have a place for each. */
  readonly text?: TextParts;
}

export type NetworkState = FollowingState<NetworkSubject>;

/** What a network view may ask of the host. */
export interface NetworkHostApi extends FollowingHostApi<NetworkSubject> {
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
