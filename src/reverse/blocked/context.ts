import type { Builder } from '../../graph/builder';
import { type Attributes, type Graph, typeOf } from '../../graph/ir';

/** onnxruntime's domain of operators on channels in blocks, which its own optimiser writes. */
export const BLOCKED_DOMAIN = 'com.microsoft.nchwc';

/** A convolution that waits for what its reader adds to it. */
export interface Pending {
  /** Emits it with a sum, '' where there is none, and the attributes of an activation, and returns the blocked value. */
  readonly emit: (sum: string, activation?: Attributes) => string;
  readonly sum: string;
}

/** What a conversion knows of the graph, and how it asks for values. */
export interface Context {
  readonly b: Builder;
  /** Channels in a block. */
  readonly block: number;
  /** True if the value's shape is known: some depend on what the values are. */
  isKnown(value: string): boolean;
  /** True for values of whole blocks over more than one place. */
  fits(value: string): boolean;
  /** True if the value is in blocks already, or will be. */
  isBlocked(value: string): boolean;
  /** The value in blocks. */
  blocked(value: string): string;
  /** The value as the model has it. */
  plain(value: string): string;
  /** The convolution that makes the value, if it still can take something in. */
  pending(value: string): Pending | undefined;
  /** True if it depends on constants alone. */
  isConstant(value: string): boolean;
}

/** What stands for a node's first output: a value in blocks, one in either layout, or a convolution that waits. */
export type Converted = { readonly blocked: string } | { readonly either: string } | { readonly pending: Pending };

/** True if all of a value's dimensions are numbers. */
export const hasShape = (graph: Graph, value: string): boolean =>
  typeOf(graph, value)?.shape?.every((dim) => typeof dim === 'number') ?? false;
