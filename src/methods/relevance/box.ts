import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { floating } from '../../graph/tensor';
import type { Range } from '../method';
import type { Box } from './linear';

/** The value that stands for `target` when `replacement` stands for `input`. */
function replayed(b: Builder, nodes: readonly Node[], input: string, replacement: string, target: string): string {
  const values = new Map([[input, replacement]]);
  for (const node of nodes) {
    if (values.has(target)) break;
    if (!node.inputs.some((value) => values.has(value))) continue;
    const inputs = node.inputs.map((value) => values.get(value) ?? value);
    const outputs = b.ops(node.op, inputs, node.outputs.length, node.attributes, node.domain);
    for (const [index, output] of node.outputs.entries()) if (output) values.set(output, outputs[index]);
  }
  return values.get(target) ?? target;
}

/** One number per channel in a shape that broadcasts against the input. */
function perChannel(b: Builder, input: string, numbers: readonly number[], axis: number): string {
  const shape = b.shape(input).map((_, at) => (at === axis && numbers.length > 1 ? numbers.length : 1));
  return b.constant(floating(b.dtype(input), numbers, shape));
}

/**
 * The lowest and highest values that a value before the first layer can have: those of the input, taken through what
 * the model does before that layer.
 *
 * @param range of the input; its own smallest and largest element when absent
 */
export function boxFrom(b: Builder, nodes: readonly Node[], input: string, x: string, range?: Range): Box {
  const bound = (end: 'low' | 'high'): string => {
    if (range) return perChannel(b, input, range[end], range.axis);
    const axes = b.shape(input).map((_, axis) => axis);
    return b.op(end === 'low' ? 'ReduceMin' : 'ReduceMax', [input, b.ints(axes)]);
  };
  if (x === input) return { low: bound('low'), high: bound('high') };
  const [one, other] = [bound('low'), bound('high')].map((value) =>
    replayed(b, nodes, input, b.expand(value, b.shape(input)), x),
  );
  return { low: b.op('Min', [one, other]), high: b.op('Max', [one, other]) };
}
