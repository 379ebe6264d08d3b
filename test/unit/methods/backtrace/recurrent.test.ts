import { describe, expect, it } from 'vitest';
import { int, string } from '../../../../src/graph/attributes';
import { specialise } from '../../../../src/graph/specialise';
import { float32 } from '../../../../src/graph/tensor';
import { backtrace } from '../../../../src/methods/backtrace';
import { graphOf, node, noise, value } from '../../../support/graphs';
import { testRuntime } from '../../../support/runtime';
import { relativeToMaximum } from '../../../support/sharing';

/**
 * Recurrent layers against the rules of their gates, written out on vectors in float64: a cell is a tape of sums,
 * products and layers, each with its way back.
 */

interface Vector {
  readonly x: readonly number[];
  /** Relevance that has arrived. */
  readonly r: number[];
}

class Tape {
  readonly #back: (() => void)[] = [];
  /** What biases keep. */
  sink = 0;

  of(x: readonly number[]): Vector {
    return { x, r: x.map(() => 0) };
  }

  /** Goes back over everything. */
  run(): void {
    for (const step of this.#back.reverse()) step();
  }

  /** W·x + b for rows of W. */
  layer(rows: readonly (readonly number[])[], a: Vector, bias: readonly number[]): Vector {
    const y = this.of(rows.map((row, j) => row.reduce((sum, w, i) => sum + w * a.x[i], bias[j])));
    this.#back.push(() =>
      rows.forEach((row, j) => {
        const sizes = row.map((w, i) => Math.abs(w * a.x[i]));
        const all = sizes.reduce((sum, size) => sum + size, Math.abs(bias[j]));
        if (all === 0) return;
        for (const [i, size] of sizes.entries()) a.r[i] += (size / all) * y.r[j];
        this.sink += (Math.abs(bias[j]) / all) * y.r[j];
      }),
    );
    return y;
  }

  add(a: Vector, b: Vector): Vector {
    const y = this.of(a.x.map((x, i) => x + b.x[i]));
    this.#back.push(() =>
      y.r.forEach((r, i) => {
        const all = Math.abs(a.x[i]) + Math.abs(b.x[i]);
        if (all === 0) return;
        a.r[i] += (Math.abs(a.x[i]) / all) * r;
        b.r[i] += (Math.abs(b.x[i]) / all) * r;
      }),
    );
    return y;
  }

  mul(a: Vector, b: Vector): Vector {
    const y = this.of(a.x.map((x, i) => x * b.x[i]));
    this.#back.push(() =>
      y.r.forEach((r, i) => {
        const [d, e] = [Math.abs(y.x[i] - a.x[i]), Math.abs(y.x[i] - b.x[i])];
        const share = d + e === 0 ? 0.5 : d / (d + e);
        a.r[i] += share * r;
        b.r[i] += (1 - share) * r;
      }),
    );
    return y;
  }

  /** An activation: relevance stays where it is. */
  map(a: Vector, f: (x: number) => number): Vector {
    const y = this.of(a.x.map(f));
    this.#back.push(() => {
      for (const [i, r] of y.r.entries()) a.r[i] += r;
    });
    return y;
  }
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const none = (count: number): number[] => new Array<number>(count).fill(0);

type Rows = readonly (readonly number[])[];

interface Weights {
  /** Rows of gates for the input and for the state, and their biases, as ONNX has them. */
  readonly w: Rows;
  readonly r: Rows;
  readonly wb: readonly number[];
  readonly rb: readonly number[];
}

interface State {
  readonly h: Vector;
  readonly c: Vector;
}

type Cell = (tape: Tape, weights: Weights, x: Vector, state: State, hidden: number) => State;

/** A gate's sum: the input's part with both biases, and the state's. */
function gate(tape: Tape, { w, r, wb, rb }: Weights, index: number, x: Vector, h: Vector, hidden: number): Vector {
  const own = <T>(rows: readonly T[]): readonly T[] => rows.slice(index * hidden, (index + 1) * hidden);
  const bias = own(wb).map((b, i) => b + own(rb)[i]);
  return tape.add(tape.layer(own(w), x, bias), tape.layer(own(r), h, none(hidden)));
}

const lstm: Cell = (tape, weights, x, { h, c }, hidden) => {
  const [i, o, f] = [0, 1, 2].map((index) => tape.map(gate(tape, weights, index, x, h, hidden), sigmoid));
  const g = tape.map(gate(tape, weights, 3, x, h, hidden), Math.tanh);
  const next = tape.add(tape.mul(f, c), tape.mul(i, g));
  return { h: tape.mul(o, tape.map(next, Math.tanh)), c: next };
};

const gru: Cell = (tape, weights, x, { h, c }, hidden) => {
  const { w, r, wb, rb } = weights;
  const [z, reset] = [0, 1].map((index) => tape.map(gate(tape, weights, index, x, h, hidden), sigmoid));
  const own = <T>(rows: readonly T[]): readonly T[] => rows.slice(2 * hidden);
  // The reset gate acts behind the state's product and its bias.
  const recurrent = tape.mul(reset, tape.layer(own(r), h, own(rb)));
  const candidate = tape.map(tape.add(tape.layer(own(w), x, own(wb)), recurrent), Math.tanh);
  const fresh = tape.mul(
    tape.map(z, (part) => 1 - part),
    candidate,
  );
  return { h: tape.add(fresh, tape.mul(z, h)), c };
};

const rnn: Cell = (tape, weights, x, { h, c }, hidden) => ({
  h: tape.map(gate(tape, weights, 0, x, h, hidden), Math.tanh),
  c,
});

const [STEPS, BATCH, SIZE, HIDDEN] = [3, 2, 2, 3];

const rows = (data: ArrayLike<number>, width: number, from = 0, count = data.length / width): number[][] =>
  Array.from({ length: count }, (_, row) => Array.from({ length: width }, (__, i) => data[(from + row) * width + i]));

interface Layer {
  readonly op: 'LSTM' | 'GRU' | 'RNN';
  readonly gates: number;
  readonly cell: Cell;
  readonly direction: 'forward' | 'reverse' | 'bidirectional';
  readonly lengths?: readonly number[];
  readonly initial?: boolean;
}

const LAYERS: readonly Layer[] = [
  { op: 'LSTM', gates: 4, cell: lstm, direction: 'bidirectional', lengths: [3, 2] },
  { op: 'LSTM', gates: 4, cell: lstm, direction: 'reverse', initial: true },
  { op: 'GRU', gates: 3, cell: gru, direction: 'forward' },
  { op: 'GRU', gates: 3, cell: gru, direction: 'bidirectional', initial: true },
  { op: 'RNN', gates: 1, cell: rnn, direction: 'bidirectional' },
];

const ints = (values: readonly number[]) => ({
  dtype: 'int32' as const,
  shape: [values.length],
  source: { kind: 'bytes' as const, bytes: new Uint8Array(Int32Array.from(values).buffer) },
});

describe.each(LAYERS)('$op, $direction, lengths $lengths, stored states $initial', (layer) => {
  const { op, gates, cell, direction, lengths, initial } = layer;
  const directions = direction === 'bidirectional' ? 2 : 1;
  const count = gates * HIDDEN;
  const x = noise(STEPS * BATCH * SIZE, 3);
  const w = noise(directions * count * SIZE, 4).map((weight) => 2 * weight);
  const r = noise(directions * count * HIDDEN, 5).map((weight) => 2 * weight);
  const bias = noise(directions * 2 * count, 6);
  const states = [noise(directions * BATCH * HIDDEN, 7), noise(directions * BATCH * HIDDEN, 8)];
  const outputs = [STEPS, directions, BATCH, HIDDEN];

  it('shares as its gates do', async () => {
    const inputs = [
      'x',
      'w',
      'r',
      'bias',
      lengths ? 'lengths' : '',
      ...(initial ? ['h0', 'c0'].slice(0, op === 'LSTM' ? 2 : 1) : []),
    ];
    const graph = graphOf({
      inputs: [value('x', [STEPS, BATCH, SIZE])],
      outputs: ['y'],
      nodes: [
        node(op, inputs, ['y'], {
          hidden_size: int(HIDDEN),
          direction: string(direction),
          ...(op === 'GRU' && { linear_before_reset: int(1) }),
        }),
      ],
      initializers: {
        w: float32(w, [directions, count, SIZE]),
        r: float32(r, [directions, count, HIDDEN]),
        bias: float32(bias, [directions, 2 * count]),
        lengths: ints(lengths ?? []),
        h0: float32(states[0], [directions, BATCH, HIDDEN]),
        c0: float32(states[1], [directions, BATCH, HIDDEN]),
      },
    });
    const specialised = await specialise(graph, new Map([['x', [STEPS, BATCH, SIZE]]]));
    const { map, ledger, conservation } = await backtrace.explain(
      {
        graph: specialised,
        feeds: new Map([['x', { dtype: 'float32' as const, shape: [STEPS, BATCH, SIZE], data: x }]]),
        input: 'x',
        score: { output: 'y', select: outputs.map(() => ':') },
      },
      { mode: 'default', stream: 'positive', multiplier: 1, scaler: 1, threshold: -2, saturation: false },
      testRuntime(),
    );

    const expected = new Array<number>(x.length).fill(0);
    let kept = 0;
    for (let d = 0; d < directions; d++) {
      const weights: Weights = {
        w: rows(w, SIZE, d * count, count),
        r: rows(r, HIDDEN, d * count, count),
        wb: [...bias.subarray(2 * d * count, (2 * d + 1) * count)],
        rb: [...bias.subarray((2 * d + 1) * count, (2 * d + 2) * count)],
      };
      for (let sample = 0; sample < BATCH; sample++) {
        const tape = new Tape();
        const first = (from: Float32Array): Vector =>
          tape.of(initial ? rows(from, HIDDEN, d * BATCH + sample, 1)[0] : none(HIDDEN));
        const start = { h: first(states[0]), c: first(states[1]) };
        const length = lengths?.[sample] ?? STEPS;
        const order = Array.from({ length }, (_, t) => (d === 1 || direction === 'reverse' ? length - 1 - t : t));
        const seen = order.map((t) => ({ t, x: tape.of(rows(x, SIZE, t * BATCH + sample, 1)[0]) }));
        let state: State = start;
        const hidden = seen.map((step) => {
          state = cell(tape, weights, step.x, state, HIDDEN);
          return state.h;
        });
        // Relevance 1 at every element of the output.
        for (const { r: arrived } of hidden) arrived.fill(1);
        tape.run();
        for (const step of seen) {
          for (const [i, part] of step.x.r.entries()) expected[(step.t * BATCH + sample) * SIZE + i] += part;
        }
        kept +=
          tape.sink +
          (initial ? [...start.h.r, ...(op === 'LSTM' ? start.c.r : [])].reduce((sum, part) => sum + part, 0) : 0);
        // Padding shows nothing, so relevance that starts there goes nowhere.
        kept += (STEPS - length) * HIDDEN;
      }
    }
    expect(relativeToMaximum(map.data, expected)).toBeLessThan(1e-5);
    const [entry] = ledger ?? [];
    expect(entry.op).toBe(op);
    expect(Math.abs(entry.sink - kept)).toBeLessThan(1e-4 * kept);
    expect(Math.abs(conservation?.residual as number)).toBeLessThan(1e-4 * kept);
  });
});
