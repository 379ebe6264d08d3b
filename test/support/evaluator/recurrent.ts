import { getFloat, getFloats, getInt, getString, getStrings } from '../../../src/graph/attributes';
import type { Node } from '../../../src/graph/ir';
import { sigmoid, softplus } from './activation';
import { type NdArray, ndarray, transposed } from './array';
import type { Family, Operator, OperatorContext } from './operator';

type Activation = (x: number) => number;

function activation(name: string, alpha: number | undefined, beta: number | undefined): Activation {
  switch (name.toLowerCase()) {
    case 'relu':
      return (x) => Math.max(0, x);
    case 'tanh':
      return Math.tanh;
    case 'sigmoid':
      return sigmoid;
    case 'affine':
      return (x) => (alpha ?? 1) * x + (beta ?? 0);
    case 'leakyrelu':
      return (x) => (x < 0 ? (alpha ?? 0.01) * x : x);
    case 'thresholdedrelu':
      return (x) => (x > (alpha ?? 1) ? x : 0);
    case 'scaledtanh':
      return (x) => (alpha ?? 1) * Math.tanh((beta ?? 1) * x);
    case 'hardsigmoid':
      return (x) => Math.min(Math.max((alpha ?? 0.2) * x + (beta ?? 0.5), 0), 1);
    case 'elu':
      return (x) => (x < 0 ? (alpha ?? 1) * Math.expm1(x) : x);
    case 'softsign':
      return (x) => x / (1 + Math.abs(x));
    case 'softplus':
      return softplus;
    default:
      throw new Error(`activation ${name}`);
  }
}

/** Activations with a parameter take the next of the list; those without take none. */
const TAKES_ALPHA = ['affine', 'leakyrelu', 'thresholdedrelu', 'scaledtanh', 'hardsigmoid', 'elu'];
const TAKES_BETA = ['affine', 'scaledtanh', 'hardsigmoid'];

function activationsOf(node: Node, defaults: readonly string[], directions: number): Activation[][] {
  const names = getStrings(node, 'activations') ?? Array.from({ length: directions }, () => defaults).flat();
  const alphas = [...(getFloats(node, 'activation_alpha') ?? [])];
  const betas = [...(getFloats(node, 'activation_beta') ?? [])];
  const all = names.map((name) =>
    activation(
      name,
      TAKES_ALPHA.includes(name.toLowerCase()) ? alphas.shift() : undefined,
      TAKES_BETA.includes(name.toLowerCase()) ? betas.shift() : undefined,
    ),
  );
  return Array.from({ length: directions }, (_, d) => all.slice(d * defaults.length, (d + 1) * defaults.length));
}

/** The products of one step: gate by gate, hidden unit by hidden unit. */
interface Gates {
  readonly hidden: number;
  /** W·x + Wb of a gate and unit. */
  fromInput(gate: number, unit: number): number;
  /** R·h of a gate and unit for any hidden state. */
  fromState(gate: number, unit: number, state: Float64Array): number;
  wb(gate: number, unit: number): number;
  rb(gate: number, unit: number): number;
}

/** Advances one sample by one step; `cell` is the LSTM's second state and is changed in place. */
type Step = (gates: Gates, state: Float64Array, cell: Float64Array, direction: number) => Float64Array;

/** The loop all three operators share: directions, sequence lengths, layout, initial states. */
function recur(context: OperatorContext, gateCount: number, step: Step): NdArray[] {
  const { node, inputs, list } = context;
  const batchFirst = getInt(node, 'layout', 0) === 1;
  const swap = (x: NdArray): NdArray => transposed(x, [1, 0, 2]);
  const x = batchFirst ? swap(context.input(0)) : context.input(0);
  const [w, r, b] = [context.input(1), context.input(2), inputs[3]];
  const [length, batch, size] = x.shape;
  const [directions, , hidden] = r.shape;
  const lengths = list(4) ?? new Array<number>(batch).fill(length);
  const initial = (index: number): NdArray | undefined =>
    inputs[index] && (batchFirst ? swap(inputs[index]) : inputs[index]);
  const [h0, c0] = [initial(5), initial(6)];
  const y = ndarray(x.dtype, [length, directions, batch, hidden]);
  const lastH = ndarray(x.dtype, [directions, batch, hidden]);
  const lastC = ndarray(x.dtype, [directions, batch, hidden]);
  const direction = getString(node, 'direction', 'forward');
  for (let d = 0; d < directions; d++) {
    const backward = direction === 'reverse' || d === 1;
    for (let n = 0; n < batch; n++) {
      const first = (d * batch + n) * hidden;
      let state: Float64Array = h0 ? h0.data.slice(first, first + hidden) : new Float64Array(hidden);
      const cell = c0 ? c0.data.slice(first, first + hidden) : new Float64Array(hidden);
      for (let i = 0; i < lengths[n]; i++) {
        const t = backward ? lengths[n] - 1 - i : i;
        const gates: Gates = {
          hidden,
          fromInput: (gate, unit) => {
            let sum = 0;
            const row = ((d * gateCount + gate) * hidden + unit) * size;
            for (let k = 0; k < size; k++) sum += w.data[row + k] * x.data[(t * batch + n) * size + k];
            return sum;
          },
          fromState: (gate, unit, from) => {
            let sum = 0;
            const row = ((d * gateCount + gate) * hidden + unit) * hidden;
            for (let k = 0; k < hidden; k++) sum += r.data[row + k] * from[k];
            return sum;
          },
          wb: (gate, unit) => b?.data[(d * 2 * gateCount + gate) * hidden + unit] ?? 0,
          rb: (gate, unit) => b?.data[(d * 2 * gateCount + gateCount + gate) * hidden + unit] ?? 0,
        };
        state = step(gates, state, cell, d);
        y.data.set(state, ((t * directions + d) * batch + n) * hidden);
      }
      lastH.data.set(state, first);
      lastC.data.set(cell, first);
    }
  }
  const outputs = batchFirst ? [transposed(y, [2, 0, 1, 3]), swap(lastH), swap(lastC)] : [y, lastH, lastC];
  return outputs.slice(0, node.outputs.length);
}

const directionsOf = (node: Node): number => (getString(node, 'direction', 'forward') === 'bidirectional' ? 2 : 1);

function clipper(node: Node): Activation {
  const limit = getFloat(node, 'clip', Number.POSITIVE_INFINITY);
  return (x) => Math.min(Math.max(x, -limit), limit);
}

const rnn: Operator = (context) => {
  const functions = activationsOf(context.node, ['Tanh'], directionsOf(context.node));
  const clip = clipper(context.node);
  return recur(context, 1, (gates, state, _cell, d) =>
    state.map((_, u) =>
      functions[d][0](clip(gates.fromInput(0, u) + gates.fromState(0, u, state) + gates.wb(0, u) + gates.rb(0, u))),
    ),
  );
};

/** Gates in the order z, r, h. */
const gru: Operator = (context) => {
  const functions = activationsOf(context.node, ['Sigmoid', 'Tanh'], directionsOf(context.node));
  const clip = clipper(context.node);
  const resetAfter = getInt(context.node, 'linear_before_reset', 0) !== 0;
  return recur(context, 3, (gates, state, _cell, d) => {
    const [f, g] = functions[d];
    const gate = (index: number) =>
      state.map((_, u) =>
        f(clip(gates.fromInput(index, u) + gates.fromState(index, u, state) + gates.wb(index, u) + gates.rb(index, u))),
      );
    const [z, r] = [gate(0), gate(1)];
    const reset = state.map((h, u) => r[u] * h);
    return state.map((h, u) => {
      const recurrent = resetAfter
        ? r[u] * (gates.fromState(2, u, state) + gates.rb(2, u))
        : gates.fromState(2, u, reset) + gates.rb(2, u);
      return (1 - z[u]) * g(clip(gates.fromInput(2, u) + recurrent + gates.wb(2, u))) + z[u] * h;
    });
  });
};

/** Gates in the order i, o, f, c; peepholes in the order i, o, f. */
const lstm: Operator = (context) => {
  const { node, inputs } = context;
  const functions = activationsOf(node, ['Sigmoid', 'Tanh', 'Tanh'], directionsOf(node));
  const clip = clipper(node);
  const coupled = getInt(node, 'input_forget', 0) !== 0;
  return recur(context, 4, (gates, state, cell, d) => {
    const [f, g, h] = functions[d];
    const peephole = (index: number, u: number): number => inputs[7]?.data[(d * 3 + index) * gates.hidden + u] ?? 0;
    const sum = (gate: number, u: number): number =>
      gates.fromInput(gate, u) + gates.fromState(gate, u, state) + gates.wb(gate, u) + gates.rb(gate, u);
    return state.map((_, u) => {
      const input = f(clip(sum(0, u) + peephole(0, u) * cell[u]));
      const forget = coupled ? 1 - input : f(clip(sum(2, u) + peephole(2, u) * cell[u]));
      cell[u] = forget * cell[u] + input * g(clip(sum(3, u)));
      const output = f(clip(sum(1, u) + peephole(1, u) * cell[u]));
      return output * h(cell[u]);
    });
  });
};

export const recurrent: Family = { RNN: rnn, GRU: gru, LSTM: lstm };
