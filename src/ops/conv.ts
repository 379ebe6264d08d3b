import { getInt, getInts, getString, ints } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import type { VjpRule, VjpRules } from './rule';
import { correlate, correlateWeights, extent, scatter, type Windows, windowsOf } from './windows';

const spatial = (b: Builder, value: string): number[] => b.shape(value).slice(2);

/** Every axis but the channels'. */
const allButChannels = (b: Builder, value: string): number[] =>
  b.shape(value).flatMap((_, axis) => (axis === 1 ? [] : [axis]));

/** The windows of a Conv node over its input. */
function convWindows(node: Node, b: Builder): Windows {
  const [x, weight] = node.inputs;
  return windowsOf(node, spatial(b, weight), spatial(b, x), spatial(b, node.outputs[0]));
}

/**
 * The windows of the correlation that a ConvTranspose node is the adjoint of: they slide over its *output*. The
 * padding comes from `output_shape` or `auto_pad` as ONNX defines it.
 */
export function convTransposeWindows(node: Node, b: Builder): Windows {
  const [x, weight] = node.inputs;
  const kernel = spatial(b, weight);
  const strides = getInts(node, 'strides') ?? kernel.map(() => 1);
  const dilations = getInts(node, 'dilations') ?? kernel.map(() => 1);
  const output = spatial(b, x);
  const input = spatial(b, node.outputs[0]);
  const w = { kernel, strides, dilations, input, output };
  const auto = getString(node, 'auto_pad', 'NOTSET');
  const same = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
  if (!same && !getInts(node, 'output_shape')?.length) {
    const pads = auto === 'VALID' ? undefined : getInts(node, 'pads');
    return { ...w, head: pads?.slice(0, kernel.length) ?? kernel.map(() => 0) };
  }
  const extra = getInts(node, 'output_padding') ?? kernel.map(() => 0);
  const head = extent(w).map((size, i) => {
    const total = Math.max(0, (output[i] - 1) * strides[i] + extra[i] + size - input[i]);
    return auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  return { ...w, head };
}

/** A ConvTranspose node whose padding is written out: other inputs then give outputs of the same shape by themselves. */
export function explicitPads(node: Node, b: Builder): Node {
  const { auto_pad: auto, output_shape: shape, ...attributes } = node.attributes;
  if (node.op !== 'ConvTranspose' || !(auto || shape)) return node;
  const w = convTransposeWindows(node, b);
  const extra = getInts(node, 'output_padding') ?? w.kernel.map(() => 0);
  const behind = extent(w).map(
    (size, i) => (w.output[i] - 1) * w.strides[i] + size + extra[i] - w.head[i] - w.input[i],
  );
  return {
    ...node,
    attributes: {
      ...attributes,
      pads: ints([...w.head, ...behind.map((pad) => Math.max(pad, 0))]),
      output_padding: ints(extra.map((pad, i) => pad + Math.max(-behind[i], 0))),
    },
  };
}

const convRule: VjpRule = ({ node, b, cotangents, needs }) => {
  const [x, weight] = node.inputs;
  const dy = cotangents[0] as string;
  const w = convWindows(node, b);
  const group = getInt(node, 'group', 1);
  return [
    needs(0) ? scatter(b, dy, weight, w, group) : null,
    needs(1) ? correlateWeights(b, x, dy, w, group) : null,
    needs(2) ? b.sum(dy, allButChannels(b, dy), false) : null,
  ];
};

const convTransposeRule: VjpRule = ({ node, b, cotangents, needs }) => {
  const [x, weight] = node.inputs;
  const dy = cotangents[0] as string;
  const w = convTransposeWindows(node, b);
  const group = getInt(node, 'group', 1);
  return [
    needs(0) ? correlate(b, dy, weight, w, group) : null,
    needs(1) ? correlateWeights(b, dy, x, w, group) : null,
    needs(2) ? b.sum(dy, allButChannels(b, dy), false) : null,
  ];
};

/** Convolutions; the cotangent of the input is always a ConvTranspose, which lowering replaces where another form is faster. */
export const conv: VjpRules = [
  ['Conv', convRule],
  ['ConvTranspose', convTransposeRule],
];
