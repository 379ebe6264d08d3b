import type { Graph, Node } from '../../../src/graph/ir';
import type { NdArray } from './array';

/** What an operator sees of the run: its node and its inputs, undefined where an optional one is absent. */
export interface OperatorContext {
  readonly node: Node;
  readonly inputs: readonly (NdArray | undefined)[];
  /** The input, which must be there. */
  input(index: number): NdArray;
  /** The elements of an input as plain numbers; undefined when it is absent. */
  list(index: number): number[] | undefined;
  /** Runs a subgraph of the node (If, Loop, Scan), which also sees the values around the node. */
  subgraph(graph: Graph, feeds: readonly NdArray[]): NdArray[];
}

/** Computes all outputs of a node. */
export type Operator = (context: OperatorContext) => readonly NdArray[];

/** Operators of one family by ONNX name. */
export type Family = Readonly<Record<string, Operator>>;
