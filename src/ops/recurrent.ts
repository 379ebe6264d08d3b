import { float, getFloat, getFloats, getInt, getString, getStrings, int } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { castTo, oneMinus, shift, unsupported } from './common';
import type { Expansions } from './rule';

/**
 * RNN, GRU and LSTM unrolled over time. The products with the input are one MatMul for all steps; a step is a product
 * with the state and elementwise operators.
 */

type Activation = (b: Builder, x: string) => string;

/** Activations by their lower-case names, with the defaults of alpha and beta; undefined where they take none. */
const ACTIVATIONS: Readonly<
  Partial<Record<string, { alpha?: number; beta?: number; make: (alpha: number, beta: number) => Activation }>>
> = {
  relu: { make: () => (b, x) => b.op('Relu', [x]) },
  tanh: { make: () => (b, x) => b.op('Tanh', [x]) },
  sigmoid: { make: () => (b, x) => b.op('Sigmoid', [x]) },
  softsign: { make: () => (b, x) => b.op('Softsign', [x]) },
  softplus: { make: () => (b, x) => b.op('Softplus', [x]) },
  affine: { alpha: 1, beta: 0, make: (alpha, beta) => (b, x) => shift(b, b.scale(x, alpha), beta) },
  scaledtanh: {
    alpha: 1,
    beta: 1,
    make: (alpha, beta) => (b, x) => b.scale(b.op('Tanh', [b.scale(x, beta)]), alpha),
  },
  hardsigmoid: {
    alpha: 0.2,
    beta: 0.5,
    make: (alpha, beta) => (b, x) => b.op('HardSigmoid', [x], { alpha: float(alpha), beta: float(beta) }),
  },
  leakyrelu: { alpha: 0.01, make: (alpha) => (b, x) => b.op('LeakyRelu', [x], { alpha: float(alpha) }) },
  thresholdedrelu: { alpha: 1, make: (alpha) => (b, x) => b.op('ThresholdedRelu', [x], { alpha: float(alpha) }) },
  elu: { alpha: 1, make: (alpha) => (b, x) => b.op('Elu', [x], { alpha: float(alpha) }) },
};

/** The activations of every direction; those with a parameter take the next of the node's lists. */
function activationsOf(node: Node, defaults: readonly string[], directions: number): Activation[][] {
  const names = getStrings(node, 'activations') ?? Array.from({ length: directions }, () => defaults).flat();
  const alphas = [...(getFloats(node, 'activation_alpha') ?? [])];
  const betas = [...(getFloats(node, 'activation_beta') ?? [])];
  const all = names.map((name) => {
    const entry = ACTIVATIONS[name.toLowerCase()];
    if (!entry) throw unsupported(node, 'activations', `${name} is not known`);
    const alpha = entry.alpha === undefined ? 0 : (alphas.shift() ?? entry.alpha);
    const beta = entry.beta === undefined ? 0 : (betas.shift() ?? entry.beta);
    return entry.make(alpha, beta);
  });
  const count = defaults.length;
  return Array.from({ length: directions }, (_, d) => all.slice(d * count, (d + 1) * count));
}

/** One direction of one node, with weights of [inputs, gates·hidden] and biases of [gates·hidden]. */
interface Cell {
  readonly b: Builder;
  readonly node: Node;
  readonly hidden: number;
  readonly activations: readonly Activation[];
  readonly clip: (x: string) => string;
  /** Transposed recurrence weights [hidden, gates·hidden]. */
  readonly recurrence: string;
  /** Added to the last gate's product with the state [hidden]; all other biases are in the input's products. */
  readonly stateBias: string | undefined;
  /** Rows of P [hidden], in its order i, o, f. */
  readonly peephole: (row: number) => string | undefined;
}

/** State of a direction: the hidden one and, for LSTM, the cell. */
interface State {
  readonly h: string;
  readonly c: string;
}

/** One step: `x` is the input's product [batch, gates·hidden] with its biases. */
type Step = (cell: Cell, x: string, state: State) => State;

/** Splits the columns [batch, gates·hidden] by gates. */
const gatesOf = ({ b, hidden }: Cell, x: string): readonly string[] => {
  const count = b.shape(x)[1] / hidden;
  return b.ops('Split', [x, b.ints(new Array<number>(count).fill(hidden))], count, { axis: int(1) });
};

const rnn: Step = (cell, x, { h, c }) => {
  const { b } = cell;
  const sum = b.add(x, b.matmul(h, cell.recurrence));
  return { h: cell.activations[0](b, cell.clip(sum)), c };
};

/** Whether a GRU's reset gate acts behind the product with the state and its bias. */
const resetsAfter = (node: Node): boolean => getInt(node, 'linear_before_reset', 0) !== 0;

/** Gates in the order z, r, h. */
const gru: Step = (cell, x, { h, c }) => {
  const { b, activations, clip, hidden, recurrence, stateBias } = cell;
  const after = resetsAfter(cell.node);
  const [inputZ, inputR, inputH] = gatesOf(cell, x);
  const columns = (value: string, from: number, count: number): string =>
    b.slice(value, [b.rank(value) - 1], [from * hidden], [(from + count) * hidden]);
  const fromState = (state: string, from: number, count: number): string =>
    b.matmul(state, columns(recurrence, from, count));
  const [stateZ, stateR] = gatesOf(cell, fromState(h, 0, 2));
  const z = activations[0](b, clip(b.add(inputZ, stateZ)));
  const r = activations[0](b, clip(b.add(inputR, stateR)));
  const candidates = after ? fromState(h, 2, 1) : fromState(b.mul(r, h), 2, 1);
  const shifted = stateBias ? b.add(candidates, stateBias) : candidates;
  const recurrent = after ? b.mul(r, shifted) : shifted;
  const candidate = activations[1](b, clip(b.add(inputH, recurrent)));
  return { h: b.add(b.mul(oneMinus(b, z), candidate), b.mul(z, h)), c };
};

/** Gates in the order i, o, f, c. */
const lstm: Step = (cell, x, { h, c }) => {
  const { b, activations, clip, peephole } = cell;
  const sum = b.add(x, b.matmul(h, cell.recurrence));
  const gates = gatesOf(cell, sum);
  const [f, g, output] = activations;
  const open = (index: number, row: number, memory: string): string => {
    const weight = peephole(row);
    const own = gates[index];
    return f(b, clip(weight ? b.add(own, b.mul(weight, memory)) : own));
  };
  const input = open(0, 0, c);
  const forget = getInt(cell.node, 'input_forget', 0) !== 0 ? oneMinus(b, input) : open(2, 2, c);
  const next = b.add(b.mul(forget, c), b.mul(input, g(b, clip(gates[3]))));
  return { h: b.mul(open(1, 1, next), output(b, next)), c: next };
};

/** What the loop over time needs beside the cell. */
interface Sequence {
  readonly b: Builder;
  readonly length: number;
  readonly batch: number;
  /** Lengths of the samples [batch], int64; undefined when all are full. */
  readonly lengths: string | undefined;
}

/** Reverses the steps; samples shorter than the longest keep their padding behind. */
function reversed({ b, lengths }: Sequence, x: string): string {
  if (lengths) return b.op('ReverseSequence', [x, lengths], { time_axis: int(0), batch_axis: int(1) });
  return b.slice(x, [0], [-1], [-(2 ** 62)], [-1]);
}

/** Runs one direction over products [length, batch, gates·hidden]: all hidden states and the last states. */
function unroll(sequence: Sequence, cell: Cell, step: Step, products: string, start: State) {
  const { b, length, batch, lengths } = sequence;
  const all: string[] = [];
  const steps = b.ops('Split', [products, b.ints(new Array<number>(length).fill(1))], length, { axis: int(0) });
  let state = start;
  for (let t = 0; t < length; t++) {
    const x = b.reshape(steps[t], b.shape(products).slice(1));
    const next = step(cell, x, state);
    let shown = next.h;
    if (lengths) {
      const running = b.reshape(b.op('Greater', [lengths, b.ints([t], [])]), [batch, 1]);
      const keep = (now: string, before: string): string =>
        now === before ? now : b.op('Where', [running, now, before]);
      state = { h: keep(next.h, state.h), c: keep(next.c, state.c) };
      shown = b.op('Where', [running, next.h, b.float(0, b.dtype(next.h))]);
    } else state = next;
    all.push(b.reshape(shown, [1, batch, cell.hidden]));
  }
  return { all: all.length === 1 ? all[0] : b.op('Concat', all, { axis: int(0) }), state };
}

/**
 * The whole operator, sequence first: directions, optional inputs.
 *
 * @param keepsBias whether the last gate's bias of the state is not simply added to that of the input
 */
const recurrence =
  (step: Step, defaults: readonly string[], keepsBias: (node: Node) => boolean = () => false) =>
  (node: Node, b: Builder): readonly string[] => {
    const [x, w, r, bias, sequenceLens, initialH, initialC, peepholes] = node.inputs;
    const [length, batch, size] = b.shape(x);
    const [directions, rows, hidden] = b.shape(r);
    const dtype = b.dtype(x);
    const lengths = sequenceLens ? castTo(b, sequenceLens, 'int64') : undefined;
    const sequence: Sequence = { b, length, batch, lengths };
    const activations = activationsOf(node, defaults, directions);
    const limit = getFloat(node, 'clip', 0);
    const clip = (value: string): string =>
      limit > 0 ? b.op('Clip', [value, b.float(-limit, dtype), b.float(limit, dtype)]) : value;
    const zeros = b.expand(b.float(0, dtype), [batch, hidden]);
    const results = Array.from({ length: directions }, (_, d) => {
      const own = (value: string): string =>
        b.reshape(directions === 1 ? value : b.slice(value, [0], [d], [d + 1]), b.shape(value).slice(1));
      const part = (value: string, from: number, to: number): string => b.slice(own(value), [0], [from], [to]);
      const cell: Cell = {
        b,
        node,
        hidden,
        activations: activations[d],
        clip,
        recurrence: b.transpose(own(r), [1, 0]),
        stateBias: bias && keepsBias(node) ? part(bias, 2 * rows - hidden, 2 * rows) : undefined,
        peephole: (row) => (peepholes ? part(peepholes, row * hidden, (row + 1) * hidden) : undefined),
      };
      const backward = d === 1 || getString(node, 'direction', 'forward') === 'reverse';
      const ordered = backward ? reversed(sequence, x) : x;
      const flat = b.matmul(b.reshape(ordered, [length * batch, size]), b.transpose(own(w), [1, 0]));
      const added = (): string => {
        if (!keepsBias(node)) return part(bias, rows, 2 * rows);
        const none = b.expand(b.float(0, dtype), [hidden]);
        return b.op('Concat', [part(bias, rows, 2 * rows - hidden), none], { axis: int(0) });
      };
      const whole = bias && b.add(part(bias, 0, rows), added());
      const products = b.reshape(whole ? b.add(flat, whole) : flat, [length, batch, rows]);
      const start = {
        h: initialH ? own(initialH) : zeros,
        c: initialC ? own(initialC) : zeros,
      };
      const { all, state } = unroll(sequence, cell, step, products, start);
      return { all: backward ? reversed(sequence, all) : all, state };
    });
    const stack = (values: readonly string[], axis: number): string => {
      const parts = values.map((value) => b.op('Unsqueeze', [value, b.ints([axis])]));
      return parts.length === 1 ? parts[0] : b.op('Concat', parts, { axis: int(axis) });
    };
    return [
      stack(
        results.map(({ all }) => all),
        1,
      ),
      stack(
        results.map(({ state }) => state.h),
        0,
      ),
      stack(
        results.map(({ state }) => state.c),
        0,
      ),
    ].slice(0, node.outputs.length);
  };

/** Recurrent layers. */
export const recurrent: Expansions = [
  ['RNN', recurrence(rnn, ['Tanh'])],
  ['GRU', recurrence(gru, ['Sigmoid', 'Tanh'], resetsAfter)],
  ['LSTM', recurrence(lstm, ['Sigmoid', 'Tanh', 'Tanh'])],
];
