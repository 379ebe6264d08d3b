import type { ScalarMap } from '../protocol';

/** What the network view is told of an explanation. */

/** An operator of the model, or where relevance sets out or ends. */
export interface NetworkNode {
  /** Name of the value that it makes. */
  readonly id: string;
  readonly title: string;
  readonly op: string;
  readonly shape: readonly number[];
  /** The module it belongs to, an index of {@link Network.groups}. */
  readonly group: number;
  /** `output`: what is explained; `input`: what relevance ends at. */
  readonly kind?: 'input' | 'output';
  /** The layer of the panel that shows it. */
  readonly layer?: string;
  /** Relevance that biases and other constants keep. */
  readonly sink: number;
  /** Relevance that could be given to nothing. */
  readonly lost: number;
  /** Of two streams, what is in `sink` and `lost` of that against. */
  readonly against?: { readonly sink: number; readonly lost: number };
}

/** A module of the model, or a stretch of one that has too many parts to be seen at once. */
export interface NetworkGroup {
  readonly title: string;
  /** Index of the module around it; -1 for the model itself. */
  readonly parent: number;
  /** The class of the module, where the exporter says it. */
  readonly className?: string;
}

/** A connection, in the direction in which the model computes; relevance goes the other way. */
export interface NetworkEdge {
  readonly from: number;
  readonly to: number;
  readonly relevance: number;
  /** Of two streams, what is in `relevance` of that against. */
  readonly against?: number;
}

/** A model as a flow of relevance. */
export interface Network {
  /** In the order in which the model computes. */
  readonly nodes: readonly NetworkNode[];
  /** The model itself first, every module before those inside it. */
  readonly groups: readonly NetworkGroup[];
  readonly edges: readonly NetworkEdge[];
  /** `relevance`: what the method let flow along each connection. `none`: it does not go from node to node. */
  readonly widths: 'relevance' | 'none';
  /** Relevance that set out. */
  readonly total: number;
  /** There are two streams without sign, one for what is explained and one against it: what is in `total` of the second. */
  readonly totalAgainst?: number;
  /** The relevance is that of the score itself: the contrast of the map adds up to nothing. */
  readonly withoutContrast?: boolean;
}

/** Of two streams, which one's map is meant, or the first minus the second; the one that was explained when absent. */
export type NetworkStream = 'positive' | 'negative' | 'both';

/** What the engine answers to a network view. */
export interface FlowApi {
  /** The model of a living explanation, and what relevance went along its connections. May take seconds. */
  network(params: { readonly explanation: string }): Promise<Network>;
  /** Relevance of one value of a living explanation. METHOD_WITHOUT_LAYERS, PFV_UNKNOWN_LAYER. */
  valueMap(params: {
    readonly explanation: string;
    readonly value: string;
    readonly stream?: NetworkStream;
  }): Promise<ScalarMap>;
}
