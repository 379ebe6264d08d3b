import { floats, getFloat, getInts, getString, int, ints, omit, string } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import type { Attributes, Node } from '../../graph/ir';
import { elementCount, toNumbers } from '../../graph/tensor';
import { BLOCKED_DOMAIN, type Context, type Converted } from './context';
import { convolution, transposed } from './convolution';

type Conversion = (node: Node, context: Context) => Converted | undefined;

/** Functions of single elements of one shape, scalars aside. */
const ELEMENTWISE: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum', 'Where', 'Equal', 'Greater', 'GreaterOrEqual', 'Less'],
  ...['LessOrEqual', 'And', 'Or', 'Not', 'Pow', 'PRelu', 'Reciprocal', 'Abs', 'Neg', 'Sign', 'Relu', 'HardSigmoid'],
  ...['Clip', 'Sqrt', 'Sigmoid', 'Tanh', 'Softsign', 'Softplus', 'LeakyRelu', 'Elu', 'Erf', 'Exp', 'Log', 'Identity'],
  ...['Cast', 'HardSwish', 'ThresholdedRelu'],
]);

/** [N, C/B, H, W, B]: how a value in blocks lies in memory. */
const physical = ([batch, channels, ...places]: readonly number[], block: number): readonly number[] => [
  batch,
  channels / block,
  ...places,
  block,
];

/** One number a channel, in a shape that broadcasts against [N, C, H, W]; undefined for other shapes. */
function channelShape(shape: readonly number[], output: readonly number[]): readonly number[] | undefined {
  const full = [...new Array<number>(4 - shape.length).fill(1), ...shape];
  const [batch, channels, ...places] = full;
  if (places.some((size) => size !== 1) || channels !== output[1] || (batch !== 1 && batch !== output[0])) return;
  return full;
}

const elementwise: Conversion = (node, context) => {
  const { b, block } = context;
  const [output] = node.outputs;
  if (!context.fits(output)) return undefined;
  const shape = b.shape(output);
  const same = (value: string): boolean => b.shape(value).join() === shape.join();
  const present = node.inputs.filter((input) => input !== '');
  if (!present.some((input) => same(input) && context.isBlocked(input))) return undefined;
  const others = present.filter((input) => !same(input) && elementCount(b.shape(input)) > 1);
  if (others.some((input) => !channelShape(b.shape(input), shape))) return undefined;
  // A reordering is for numbers.
  if (present.some((input) => same(input) && !context.isBlocked(input) && b.dtype(input) !== 'float32'))
    return undefined;
  const byChannel = others.length === 1 ? shifted(node, others[0], context) : undefined;
  if (byChannel) return byChannel;
  const sum = node.op === 'Add' && others.length === 0 ? summed(node, context) : undefined;
  if (sum) return sum;
  const waiting = context.pending(node.inputs[0]);
  const activation = waiting && activationOf(node, b);
  if (activation) return { blocked: waiting.emit(waiting.sum, activation) };
  const wide = others.length > 0;
  const inputs = node.inputs.map((input) => {
    if (input === '') return input;
    if (same(input)) {
      const value = context.blocked(input);
      return wide ? b.reshape(value, physical(shape, block)) : value;
    }
    const value = context.plain(input);
    const channels = others.includes(input) ? channelShape(b.shape(input), shape) : undefined;
    return channels ? b.reshape(value, physical(channels, block)) : value;
  });
  return { blocked: b.reshape(b.op(node.op, inputs, node.attributes, node.domain), shape) };
};

/** The largest number of float32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** The attributes of a convolution that takes a node in; undefined for what it cannot. */
function activationOf(node: Node, b: Builder): Attributes | undefined {
  const { op, inputs } = node;
  if (op === 'Relu') return { activation: string(op) };
  if (op === 'LeakyRelu') return { activation: string(op), activation_params: floats([getFloat(node, 'alpha', 0.01)]) };
  if (op !== 'Clip') return undefined;
  const bounds = [inputs[1], inputs[2]].map((bound, index) => {
    if (!bound) return [-LARGEST, LARGEST][index];
    const tensor = b.initializer(bound);
    return tensor && toNumbers(tensor)[0];
  });
  if (!bounds.every((bound) => bound !== undefined)) return undefined;
  return { activation: string(op), activation_params: floats(bounds) };
}

/**
 * A constant for each channel, added or taken away: a convolution that changes nothing else is several times faster than
 * broadcasting so few numbers at a time.
 */
function shifted({ op, inputs, outputs }: Node, constant: string, context: Context): Converted | undefined {
  const { b } = context;
  const isSum = op === 'Add' || (op === 'Sub' && inputs[1] === constant);
  if (!isSum || !context.isConstant(constant) || b.dtype(outputs[0]) !== 'float32') return undefined;
  const channels = b.shape(outputs[0])[1];
  if (elementCount(b.shape(constant)) !== channels) return undefined;
  const bias = b.reshape(op === 'Sub' ? b.neg(constant) : constant, [channels]);
  const ones = b.expand(b.float(1), [channels, 1, 1, 1]);
  const x = context.blocked(inputs[0] === constant ? inputs[1] : inputs[0]);
  const attributes = { kernel_shape: ints([1, 1]), group: int(channels) };
  return { blocked: b.op('Conv', [x, ones, bias], attributes, BLOCKED_DOMAIN) };
}

/** A sum that a convolution takes in. */
function summed({ inputs }: Node, context: Context): Converted | undefined {
  const [x, y] = inputs;
  if (x === y) return undefined;
  for (const [own, other] of [
    [y, x],
    [x, y],
  ]) {
    const waiting = context.pending(own);
    if (waiting?.sum !== '' || context.b.shape(other).join() !== context.b.shape(own).join()) continue;
    return { pending: { emit: waiting.emit, sum: context.blocked(other) } };
  }
  return undefined;
}

const globalAverage: Conversion = ({ inputs: [x] }, context) => {
  if (!context.isBlocked(x)) return undefined;
  return { either: context.b.op('GlobalAveragePool', [context.blocked(x)], {}, BLOCKED_DOMAIN) };
};

const pool: Conversion = (node, context) => {
  const [x] = node.inputs;
  if (node.outputs.length > 1 || !context.isBlocked(x) || !context.fits(node.outputs[0])) return undefined;
  const attributes = omit(node.attributes, 'storage_order');
  return { blocked: context.b.op(node.op, [context.blocked(x)], attributes, BLOCKED_DOMAIN) };
};

/** One number a channel at every place. */
const spread: Conversion = (node, context) => {
  const { b, block } = context;
  const [output] = node.outputs;
  if (b.dtype(output) !== 'float32' || !context.fits(output)) return undefined;
  const shape = b.shape(output);
  const [x] = node.inputs;
  const own = channelShape(b.shape(x), shape);
  if (!own) return undefined;
  const wide = b.expand(b.reshape(context.plain(x), physical(own, block)), physical(shape, block));
  return { blocked: b.reshape(wide, shape) };
};

/** Repetition by whole numbers. */
const repeated: Conversion = (node, context) => {
  const { b, block } = context;
  const [x] = node.inputs;
  const [output] = node.outputs;
  if (!context.isBlocked(x) || !context.fits(output) || getString(node, 'mode', 'nearest') !== 'nearest')
    return undefined;
  if (getString(node, 'coordinate_transformation_mode', 'half_pixel') !== 'asymmetric') return undefined;
  if (getString(node, 'nearest_mode', 'round_prefer_floor') !== 'floor') return undefined;
  if (getString(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch' || getInts(node, 'axes')) return undefined;
  const [batch, channels, height, width] = b.shape(x);
  const wanted = b.shape(output);
  const [down, across] = [wanted[2] / height, wanted[3] / width];
  if (!Number.isInteger(down) || !Number.isInteger(across) || wanted[1] !== channels) return undefined;
  const apart = b.reshape(context.blocked(x), [(batch * channels) / block, height, 1, width, 1, block]);
  const all = b.expand(apart, [(batch * channels) / block, height, down, width, across, block]);
  return { blocked: b.reshape(all, wanted) };
};

const joined: Conversion = (node, context) => {
  const { b } = context;
  const axis = node.attributes.axis?.value;
  if ((axis !== 1 && axis !== -3) || !context.fits(node.outputs[0])) return undefined;
  if (!node.inputs.every((input) => context.fits(input)) || !node.inputs.some((input) => context.isBlocked(input)))
    return undefined;
  return {
    blocked: b.op(
      'Concat',
      node.inputs.map((input) => context.blocked(input)),
      node.attributes,
    ),
  };
};

const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  Conv: convolution,
  ConvTranspose: transposed,
  GlobalAveragePool: globalAverage,
  MaxPool: pool,
  AveragePool: pool,
  Expand: spread,
  Resize: repeated,
  Concat: joined,
};

/** What stands for a node in blocks; undefined where it stays as it is. */
export function conversionOf(node: Node, context: Context): Converted | undefined {
  if (node.domain !== '') return undefined;
  const present = node.inputs.filter((input) => input !== '');
  if (!node.outputs[0] || ![node.outputs[0], ...present].every((value) => context.isKnown(value))) return undefined;
  if (context.b.rank(node.outputs[0]) !== 4) return undefined;
  if (ELEMENTWISE.has(node.op)) return elementwise(node, context);
  return CONVERSIONS[node.op]?.(node, context);
}
