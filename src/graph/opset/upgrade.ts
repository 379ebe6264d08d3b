import { getFloat, getFloats, getInt, getInts, getString, int, ints, omit, string, subgraph } from '../attributes';
import { PrismError } from '../errors';
import type { Attributes, Graph, Node } from '../ir';
import { elementCount, float32, toNumbers } from '../tensor';
import type { Adapter, AdapterContext } from './context';

/** An adapter for nodes of opsets before `below`. */
interface Upgrade {
  readonly below: number;
  readonly adapt: Adapter;
}

/** The node with trailing optional inputs, absent ones between written as ''. */
function withInputs(node: Node, inputs: readonly (string | undefined)[], drop: readonly string[]): Node {
  const list = inputs.map((input) => input ?? '');
  while (list.at(-1) === '') list.pop();
  return { ...node, inputs: list, attributes: omit(node.attributes, ...drop) };
}

/** The attribute became the second input. Reductions read an empty list as "all axes", which is what no input says. */
const axesToInput: Adapter = (node, c) => {
  const axes = getInts(node, 'axes');
  c.keep(withInputs(node, [node.inputs[0], axes?.length ? c.ints(axes) : undefined], ['axes']));
};

const setDefault =
  (name: string, value: Attributes[string]): Adapter =>
  (node, c) => {
    c.keep({ ...node, attributes: { [name]: value, ...node.attributes } });
  };

const rename =
  (op: string): Adapter =>
  (node, c) => {
    c.keep({ ...node, op });
  };

const renameMode =
  (names: Readonly<Record<string, string>>): Adapter =>
  (node, c) => {
    const mode = getString(node, 'mode', '');
    c.keep(names[mode] ? { ...node, attributes: { ...node.attributes, mode: string(names[mode]) } } : node);
  };

/** Before opset 13 these operators see their input as a matrix, cut at `axis`, and work on its rows. */
const coerced: Adapter = (node, c) => {
  const axis = getInt(node, 'axis', 1);
  const [x] = node.inputs;
  const rank = c.rank(x);
  if (axis === -1 || (rank !== undefined && axis === rank - 1)) {
    c.keep({ ...node, attributes: { axis: int(-1) } });
    return;
  }
  const rows = c.op('Flatten', [x], { axis: int(axis) });
  const result = c.op(node.op, [rows], { axis: int(-1) });
  c.output(node.outputs[0], 'Reshape', [result, c.op('Shape', [x])]);
};

const clip: Adapter = (node, c) => {
  const bound = (name: string): string | undefined =>
    node.attributes[name] ? c.scalar(getFloat(node, name, 0), node.inputs[0]) : undefined;
  c.keep(withInputs(node, [node.inputs[0], bound('min'), bound('max')], ['min', 'max']));
};

const dropout: Adapter = (node, c) => {
  const ratio = c.constant(float32([getFloat(node, 'ratio', 0.5)], []), 'ratio');
  c.keep(withInputs(node, [node.inputs[0], ratio], ['ratio', 'is_test']));
};

const pad: Adapter = (node, c) => {
  const value = getFloat(node, 'value', 0);
  const pads = c.ints(getInts(node, 'pads') ?? getInts(node, 'paddings') ?? []);
  const fill = value === 0 ? undefined : c.scalar(value, node.inputs[0]);
  c.keep(withInputs(node, [node.inputs[0], pads, fill], ['pads', 'paddings', 'value']));
};

const slice: Adapter = (node, c) => {
  const list = (name: string): string | undefined => {
    const values = getInts(node, name);
    return values && c.ints(values);
  };
  c.keep(withInputs(node, [node.inputs[0], list('starts'), list('ends'), list('axes')], ['starts', 'ends', 'axes']));
};

const topK: Adapter = (node, c) => {
  c.keep(withInputs(node, [node.inputs[0], c.ints([getInt(node, 'k', 1)])], ['k']));
};

/** Without sizes, the number of parts must be said. */
function sizedSplit(node: Node): Node {
  if (node.inputs[1]) return node;
  return { ...node, attributes: { ...node.attributes, num_outputs: int(node.outputs.length) } };
}

const split: Adapter = (node, c) => {
  const sizes = getInts(node, 'split');
  c.keep(sizedSplit(withInputs(node, [node.inputs[0], sizes ? c.ints(sizes) : node.inputs[1]], ['split'])));
};

/** More than one output used to mean training; per-element statistics (`spatial` 0) are written out. */
const batchNormalization: Adapter = (node, c) => {
  const attributes = omit(node.attributes, 'spatial', 'is_test', 'consumed_inputs');
  if (getInt(node, 'spatial', 1) === 0) {
    const [x, scale, bias, mean, variance] = node.inputs;
    const deviation = c.op('Sqrt', [c.op('Add', [variance, c.scalar(getFloat(node, 'epsilon', 1e-5), x)])]);
    const normal = c.op('Div', [c.op('Sub', [x, mean]), deviation]);
    c.output(node.outputs[0], 'Add', [c.op('Mul', [normal, scale]), bias]);
    return;
  }
  const training = node.outputs.slice(1).some((output) => output !== '');
  // The saved statistics were for a backward pass that no operator is left to do.
  const outputs = node.outputs.slice(0, training ? 3 : 1);
  c.keep({ ...node, outputs, attributes: training ? { ...attributes, training_mode: int(1) } : attributes });
};

/** Statistics per group became statistics per channel: scale and bias are repeated over the channels of a group. */
const groupNormalization: Adapter = (node, c) => {
  const groups = getInt(node, 'num_groups', 1);
  const [x, scale, bias] = node.inputs;
  const channels = c.op('Shape', [x], { start: int(1), end: int(2) });
  const grid = c.op('Concat', [c.ints([groups]), c.op('Div', [channels, c.ints([groups])])], { axis: int(0) });
  const perChannel = (value: string): string =>
    c.op('Reshape', [c.op('Expand', [c.op('Unsqueeze', [value, c.ints([1])]), grid]), c.ints([-1])]);
  c.keep({ ...node, inputs: [x, perChannel(scale), perChannel(bias)] });
};

/** Before opset 11 a coordinate was index / scale, and the nearest neighbour was taken down when enlarging, else up. */
function resizeAsymmetric(node: Node, scales: string, mode: string, c: AdapterContext): void {
  const resize = (nearest: string): Attributes => ({
    mode: string(mode === 'bilinear' ? 'linear' : mode),
    coordinate_transformation_mode: string('asymmetric'),
    nearest_mode: string(nearest),
  });
  const [x] = node.inputs;
  const known = c.constantOf(scales);
  const factors = known ? [...toNumbers(known)] : [];
  const shrinks = mode === 'nearest' && factors.some((factor) => factor < 1);
  if (!shrinks) {
    c.output(node.outputs[0], 'Resize', [x, '', scales], resize('floor'));
    return;
  }
  const only = (keep: (factor: number) => boolean): string =>
    c.constant(float32(factors.map((factor) => (keep(factor) ? factor : 1))), 'scales');
  if (factors.every((factor) => factor <= 1)) {
    c.output(node.outputs[0], 'Resize', [x, '', scales], resize('ceil'));
    return;
  }
  const enlarged = c.op('Resize', [x, '', only((factor) => factor >= 1)], resize('floor'));
  c.output(node.outputs[0], 'Resize', [enlarged, '', only((factor) => factor < 1)], resize('ceil'));
}

const upsample: Adapter = (node, c) => {
  const mode = getString(node, 'mode', 'nearest');
  const attribute = getFloats(node, 'scales');
  const scales = node.inputs[1] ?? (attribute && c.constant(float32(attribute), 'scales'));
  if (!scales) {
    throw new PrismError('MODEL_INVALID', `the Upsample node ${JSON.stringify(node.name)} has no scales`, {
      node: node.name,
      op: node.op,
    });
  }
  resizeAsymmetric(node, scales, mode, c);
};

const resize10: Adapter = (node, c) => resizeAsymmetric(node, node.inputs[1], getString(node, 'mode', 'nearest'), c);

/** Empty tensors stood for inputs that are not used. */
const resize13: Adapter = (node, c) => {
  const crops = getString(node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';
  const used = (input: string | undefined): string | undefined => {
    const known = c.constantOf(input);
    return known && elementCount(known.shape) === 0 ? undefined : input;
  };
  const [x, roi, scales, sizes] = node.inputs;
  const kept = withInputs(node, [x, crops ? roi : undefined, used(scales), used(sizes)], []);
  const nearest = getString(node, 'nearest_mode', 'round_prefer_floor');
  if (getString(node, 'coordinate_transformation_mode', '') !== 'tf_half_pixel_for_nn' || nearest !== 'floor')
    c.keep(kept);
  else {
    // floor((i + ½) / s) is the same as rounding (i + ½) / s − ½, halves up.
    const mode = { coordinate_transformation_mode: string('half_pixel'), nearest_mode: string('round_prefer_ceil') };
    c.keep({ ...kept, attributes: { ...kept.attributes, ...mode } });
  }
};

const dft: Adapter = (node, c) => {
  const axis = c.ints([getInt(node, 'axis', 1)], []);
  c.keep(withInputs(node, [node.inputs[0], node.inputs[1], axis], ['axis']));
};

/**
 * Scan was batched: states and scanned inputs had a batch axis in front of the sequence. One Scan over the batch runs
 * today's Scan over the sequence.
 */
const scan8: Adapter = (node, c) => {
  const body = node.attributes.body;
  if (body?.type !== 'graph' || node.inputs[0]) {
    throw new PrismError(
      'MODEL_OPSET',
      `the Scan node ${JSON.stringify(node.name)} of opset 8 uses sequence lengths, which are not supported; convert the model to opset 9 or later`,
      { node: node.name, op: node.op },
    );
  }
  const inner = (names: readonly string[], side: string): string[] =>
    names.map((_, i) => `${node.outputs[0]}~${side}${i}`);
  const data = node.inputs.slice(1);
  const inputs = inner(data, 'in');
  const outputs = inner(node.outputs, 'out');
  const scanned = getInt(node, 'num_scan_inputs', 1);
  const directions = getInts(node, 'directions');
  const undeclared = (name: string): Graph['inputs'][number] => ({ name, dtype: 'undefined', shape: undefined });
  const sequence: Node = {
    ...node,
    inputs,
    outputs,
    attributes: {
      body,
      num_scan_inputs: int(scanned),
      ...(directions && { scan_input_directions: ints(directions) }),
    },
  };
  const each: Graph = {
    ...body.value,
    name: `${body.value.name}~batch`,
    inputs: inputs.map(undeclared),
    outputs: outputs.map(undeclared),
    initializers: new Map(),
    nodes: [sequence],
    types: new Map(),
  };
  c.keep({ ...node, inputs: data, attributes: { body: subgraph(each), num_scan_inputs: int(data.length) } });
};

/**
 * Recurrent networks with the batch first, which onnxruntime does not run, as those with the sequence first: states are
 * [batch, directions, hidden] instead of [directions, batch, hidden], the sequence of them [batch, steps, directions,
 * hidden] instead of [steps, directions, batch, hidden].
 */
export const batchFirst: Adapter = (node, c) => {
  if (getInt(node, 'layout', 0) === 0) {
    c.keep(node);
    return;
  }
  const swapped = (value: string): string => (value ? c.op('Transpose', [value], { perm: ints([1, 0, 2]) }) : '');
  // X comes first; initial states follow weights, biases and sequence lengths.
  const inputs = node.inputs.map((value, i) => (i === 0 || i === 5 || i === 6 ? swapped(value) : value));
  const outputs = node.outputs.map((value, i) => (value ? c.inner(`${node.op}${i}`) : ''));
  c.keep({ ...node, inputs, outputs, attributes: omit(node.attributes, 'layout') });
  node.outputs.forEach((value, i) => {
    c.output(value, 'Transpose', [outputs[i]], { perm: ints(i === 0 ? [2, 0, 1, 3] : [1, 0, 2]) });
  });
};

const REDUCTIONS = ['Max', 'Mean', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'];

/** By operator; the first that is for the node's opset applies. Operators that no opset has any more have no end. */
export const UPGRADES: ReadonlyMap<string, readonly Upgrade[]> = new Map<string, readonly Upgrade[]>([
  ['BatchNormalization', [{ below: 14, adapt: batchNormalization }]],
  ['Clip', [{ below: 11, adapt: clip }]],
  ['DFT', [{ below: 20, adapt: dft }]],
  ['Dropout', [{ below: 12, adapt: dropout }]],
  ...['GRU', 'LSTM', 'RNN'].map((name): [string, Upgrade[]] => [
    name,
    [{ below: Number.POSITIVE_INFINITY, adapt: batchFirst }],
  ]),
  ['GridSample', [{ below: 20, adapt: renameMode({ bilinear: 'linear', bicubic: 'cubic' }) }]],
  ['GroupNormalization', [{ below: 21, adapt: groupNormalization }]],
  ['Hardmax', [{ below: 13, adapt: coerced }]],
  ['LogSoftmax', [{ below: 13, adapt: coerced }]],
  ['Pad', [{ below: 11, adapt: pad }]],
  ['ReduceSum', [{ below: 13, adapt: axesToInput }]],
  ...REDUCTIONS.map((name): [string, Upgrade[]] => [`Reduce${name}`, [{ below: 18, adapt: axesToInput }]]),
  [
    'Resize',
    [
      { below: 11, adapt: resize10 },
      { below: 13, adapt: resize13 },
    ],
  ],
  ['RoiAlign', [{ below: 16, adapt: setDefault('coordinate_transformation_mode', string('output_half_pixel')) }]],
  ['Scan', [{ below: 9, adapt: scan8 }]],
  ['Scatter', [{ below: Number.POSITIVE_INFINITY, adapt: rename('ScatterElements') }]],
  ['Slice', [{ below: 10, adapt: slice }]],
  ['Softmax', [{ below: 13, adapt: coerced }]],
  ['Split', [{ below: 18, adapt: split }]],
  ['Squeeze', [{ below: 13, adapt: axesToInput }]],
  ['TopK', [{ below: 10, adapt: topK }]],
  ['Unsqueeze', [{ below: 13, adapt: axesToInput }]],
  ['Upsample', [{ below: Number.POSITIVE_INFINITY, adapt: upsample }]],
]);
