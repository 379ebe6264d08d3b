import { PrismError } from '../errors';
import type { DataType, Node, TensorType } from '../ir';

export type Shape = readonly number[];

/** A node whose types are asked for, and what is known of its inputs. */
interface Context {
  readonly node: Node;
  readonly dtype: (input: number) => DataType;
  readonly shape: (input: number) => Shape;
  readonly has: (input: number) => boolean;
  /** The elements of a constant input. */
  readonly values: (input: number) => number[];
}

/** The types of a node's outputs. */
export type Infer = (context: Context) => readonly TensorType[];

/** Throws SHAPE_MISMATCH. */
export const fail = (node: Node, why: string): never => {
  throw new PrismError('SHAPE_MISMATCH', `${node.op} (${node.inputs.join(', ')}): ${why}`, {
    node: node.name,
    op: node.op,
  });
};

/** The shape that numpy-style broadcasting gives; throws SHAPE_MISMATCH. */
export function broadcast(node: Node, ...shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((dim, index) => {
      const axis = rank - shape.length + index;
      if (out[axis] === 1) out[axis] = dim;
      else if (dim !== 1 && dim !== out[axis])
        fail(node, `shapes ${shapes.map((s) => `[${s}]`).join(' and ')} do not broadcast`);
    });
  }
  return out;
}

/** An axis counted from the first one. */
export const normalise = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
