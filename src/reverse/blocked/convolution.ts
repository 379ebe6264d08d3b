import { getInt, int, ints } from '../../graph/attributes';
import { Builder } from '../../graph/builder';
import type { Attributes, Graph, Node } from '../../graph/ir';
import { elementCount } from '../../graph/tensor';
import { convTransposeWindows } from '../../ops/conv';
import { flipWeights } from '../forms';
import { BLOCKED_DOMAIN, type Context, type Converted, hasShape } from './context';

/** Weights [O, I, kernel…] with blocks of outputs innermost, and, where the input is in blocks, those of inputs next. */
function reordered(b: Builder, weight: string, block: number, inputsInBlocks: boolean): string {
  const shape = b.shape(weight);
  const [outputs, inputs, height, width] = shape;
  if (!inputsInBlocks) {
    const apart = b.reshape(weight, [outputs / block, block, inputs, height, width]);
    return b.reshape(b.transpose(apart, [0, 2, 3, 4, 1]), shape);
  }
  const apart = b.reshape(weight, [outputs / block, block, inputs / block, block, height, width]);
  return b.reshape(b.transpose(apart, [0, 2, 4, 5, 3, 1]), shape);
}

/** Share of the work that must be done in blocks for the layout to be worth it. */
const LEAST = 0.9;

interface Form {
  /** Whether it reads channels in blocks; few channels are read as they are. */
  readonly readsBlocks: boolean;
  readonly weightsByInput: boolean;
}

/** How onnxruntime runs a convolution on blocks; undefined where it does not. */
function formOf(
  inputs: number,
  [outputs, perGroup]: readonly number[],
  group: number,
  block: number,
): Form | undefined {
  if (outputs % block !== 0) return undefined;
  if (group === 1) {
    if (inputs < block) return { readsBlocks: false, weightsByInput: false };
    return inputs % block === 0 ? { readsBlocks: true, weightsByInput: true } : undefined;
  }
  if (perGroup === 1 && outputs === group) return { readsBlocks: true, weightsByInput: false };
  const fits = perGroup % block === 0 && (outputs / group) % block === 0;
  return fits ? { readsBlocks: true, weightsByInput: true } : undefined;
}

const isFloat = (node: Node, b: Builder): boolean =>
  b.dtype(node.inputs[0]) === 'float32' && b.rank(node.inputs[0]) === 4;

/** Channels that a convolution reads and its weights as a Conv has them, in either direction. */
function sizesOf(node: Node, b: Builder): { inputs: number; weight: readonly number[]; group: number } {
  const group = getInt(node, 'group', 1);
  const shape = b.shape(node.inputs[1]);
  const inputs = b.shape(node.inputs[0])[1];
  const weight = node.op === 'Conv' ? shape : [shape[1] * group, shape[0] / group, ...shape.slice(2)];
  return { inputs, weight, group };
}

/**
 * Whether convolutions that fit in blocks do nearly all of the work: where they do not, onnxruntime pads channels, which
 * it does better alone.
 */
export function fitsBlocks(graph: Graph, block: number): boolean {
  const b = new Builder(graph);
  let [all, fitting] = [0, 0];
  for (const node of graph.nodes) {
    if (node.domain !== '' || (node.op !== 'Conv' && node.op !== 'ConvTranspose')) continue;
    const values = [node.inputs[0], node.inputs[1], node.outputs[0]];
    if (!values.every((value) => hasShape(graph, value)) || b.rank(node.inputs[0]) !== 4) continue;
    const { inputs, weight, group } = sizesOf(node, b);
    const places = elementCount(b.shape(node.op === 'Conv' ? node.outputs[0] : node.inputs[0]).slice(2));
    const work = elementCount(weight) * places;
    all += work;
    if (isFloat(node, b) && formOf(inputs, weight, group, block)) fitting += work;
  }
  return fitting > LEAST * all;
}

export function convolution(node: Node, context: Context): Converted | undefined {
  const { b, block } = context;
  const [x, weight, bias = ''] = node.inputs;
  if (!isFloat(node, b) || !context.isConstant(weight) || (bias !== '' && !context.isConstant(bias))) return undefined;
  if (!context.fits(node.outputs[0])) return undefined;
  const sizes = sizesOf(node, b);
  const form = formOf(sizes.inputs, sizes.weight, sizes.group, block);
  if (!form) return undefined;
  const own = form.readsBlocks ? context.blocked(x) : context.plain(x);
  const weights = reordered(b, weight, block, form.weightsByInput);
  return { pending: waiting(b, own, weights, bias, node.attributes) };
}

const waiting = (b: Builder, x: string, weights: string, bias: string, attributes: Attributes) => ({
  sum: '',
  emit(sum: string, activation: Attributes = {}): string {
    const inputs = sum ? [x, weights, bias, sum] : bias ? [x, weights, bias] : [x, weights];
    return b.op('Conv', inputs, { ...attributes, ...activation }, BLOCKED_DOMAIN);
  },
});

/** Of a ConvTranspose along one axis: which elements of the kernel make every stride-th output, and from where. */
interface Phase {
  /** First element of the kernel, and how many. */
  readonly first: number;
  readonly taps: number;
  readonly head: number;
  readonly behind: number;
}

function phaseOf(
  offset: number,
  kernel: number,
  stride: number,
  head: number,
  sizes: readonly [number, number],
): Phase {
  const [input, output] = sizes;
  const first = (offset + head) % stride;
  const taps = Math.max(0, Math.ceil((kernel - first) / stride));
  const shift = (offset + head - first) / stride;
  return { first, taps, head: taps - 1 - shift, behind: output / stride - 1 + shift - (input - 1) };
}

/** Zeros in the layout of blocks, which is that of any other. */
const zeros = (b: Builder, shape: readonly number[]): string => b.expand(b.float(0), shape);

/** A ConvTranspose as one convolution for each place within a stride, laid side by side. */
export function transposed(node: Node, context: Context): Converted | undefined {
  const { b, block } = context;
  const [x, weight, bias] = node.inputs;
  if (!isFloat(node, b) || bias || !context.isConstant(weight) || !context.fits(node.outputs[0])) return undefined;
  const { inputs, weight: shapes, group } = sizesOf(node, b);
  const w = convTransposeWindows(node, b);
  const shape = b.shape(node.outputs[0]);
  const [batch, channels, height, width] = shape;
  const form = formOf(inputs, shapes, group, block);
  if (!form?.readsBlocks || w.dilations.some((dilation) => dilation !== 1)) return undefined;
  const [down, across] = w.strides;
  if (height % down !== 0 || width % across !== 0) return undefined;
  const phases = w.strides.map((stride, axis) =>
    Array.from({ length: stride }, (_, offset) =>
      phaseOf(offset, w.kernel[axis], stride, w.head[axis], [b.shape(x)[axis + 2], shape[axis + 2]]),
    ),
  );
  if (phases.flat().some(({ taps, head, behind }) => taps > 0 && (head < 0 || behind < 0))) return undefined;
  const own = context.blocked(x);
  const small = [batch, channels, height / down, width / across];
  const rows = phases[0].map((rowPhase) => {
    const parts = phases[1].map((columnPhase) => {
      if (rowPhase.taps === 0 || columnPhase.taps === 0) return zeros(b, small);
      const cut = b.slice(
        weight,
        [2, 3],
        [rowPhase.first, columnPhase.first],
        [w.kernel[0], w.kernel[1]],
        [down, across],
      );
      const weights = reordered(b, flipWeights(b, cut, group), block, form.weightsByInput);
      const attributes: Attributes = {
        kernel_shape: ints([rowPhase.taps, columnPhase.taps]),
        pads: ints([rowPhase.head, columnPhase.head, rowPhase.behind, columnPhase.behind]),
        group: int(group),
      };
      return b.op('Conv', [own, weights], attributes, BLOCKED_DOMAIN);
    });
    const lines = elementCount(small) / block / (width / across);
    return interleaved(b, parts, [lines, width / across, block]);
  });
  const all = interleaved(b, rows, [(batch * channels * (height / down)) / block, width * block]);
  return { blocked: b.reshape(all, shape) };
}

/** Values laid in turns along the axis before the last one. */
function interleaved(b: Builder, values: readonly string[], shape: readonly number[]): string {
  const apart = values.map((value) => b.reshape(value, shape));
  return apart.length === 1 ? apart[0] : b.op('Concat', apart, { axis: int(shape.length - 1) });
}
