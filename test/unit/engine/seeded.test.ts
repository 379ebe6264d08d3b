import { describe, expect, it } from 'vitest';
import { Lru } from '../../../src/engine/lru';
import { halvesOf, SeededProgram, type Traced, tracedBytes } from '../../../src/engine/seeded';
import { createSession } from '../../../src/engine/session';
import { Builder, blankGraph } from '../../../src/graph/builder';
import { exportModel } from '../../../src/graph/export';
import type { Graph } from '../../../src/graph/ir';
import { floatArray, type NdArray } from '../../../src/graph/ndarray';
import type { Program } from '../../../src/methods/method';

/** y = 2x and z = w·(2x)². */
function graph(): Graph {
  const b = new Builder(blankGraph('seeded'));
  const [x, w] = [b.input('x', 'float32', [3]), b.input('w', 'float32', [3])];
  const y = b.alias(b.scale(x, 2), 'y');
  b.setOutputs([y, b.alias(b.mul(w, b.mul(y, y)), 'z')]);
  return b.graph();
}

const vector = (...values: number[]): NdArray => floatArray(Float32Array.from(values), [values.length]);

async function counted(part: Graph): Promise<Program & { runs: number }> {
  const session = await createSession(exportModel(part), 'cpu');
  const program = {
    graph: part,
    runs: 0,
    async run(feeds: ReadonlyMap<string, NdArray>, outputs?: readonly string[]) {
      program.runs++;
      return session.run(feeds, outputs);
    },
  };
  return program;
}

async function open(maxSize = 1000) {
  const halves = halvesOf(graph(), ['w']);
  if (!halves) throw new Error('the halves are small');
  const [trace, pass] = [await counted(halves.trace), await counted(halves.pass)];
  const kept = new Lru<Traced>({ maxSize, sizeOf: tracedBytes, dispose: () => {} });
  const program = new SeededProgram('p', halves, trace, pass, kept);
  const ask = async (x: NdArray, w: NdArray, outputs?: readonly string[]) => {
    const results = await program.run(
      new Map([
        ['x', x],
        ['w', w],
      ]),
      outputs,
    );
    return Object.fromEntries([...results].map(([name, { data }]) => [name, Array.from(data as Float32Array)]));
  };
  return { trace, pass, kept, ask };
}

describe('a program in two halves', () => {
  it('runs the first half once for what is fed, whatever the seeds', async () => {
    const { trace, pass, ask } = await open();
    expect(await ask(vector(1, 2, 3), vector(1, 0, 0))).toMatchObject({ y: [2, 4, 6], z: [4, 0, 0] });
    expect(await ask(vector(1, 2, 3), vector(0, 1, 2))).toMatchObject({ y: [2, 4, 6], z: [0, 16, 72] });
    expect([trace.runs, pass.runs]).toEqual([1, 2]);
    expect(await ask(vector(1, 2, 4), vector(0, 0, 1))).toMatchObject({ y: [2, 4, 8], z: [0, 0, 64] });
    expect([trace.runs, pass.runs]).toEqual([2, 3]);
  });

  it('gives the outputs asked for, of either half', async () => {
    const { ask } = await open();
    expect(await ask(vector(1, 1, 1), vector(1, 2, 3), ['z'])).toEqual({ z: [4, 8, 12] });
    expect(await ask(vector(1, 1, 1), vector(1, 2, 3), ['y'])).toEqual({ y: [2, 2, 2] });
  });

  it('keeps no more than fits', async () => {
    const { kept, trace, ask } = await open(20);
    for (const x of [1, 2, 1]) await ask(vector(x, x, x), vector(1, 1, 1));
    expect(trace.runs).toBe(3);
    expect(kept.count).toBe(1);
  });

  it('is not made where one half would hand too much to the other', () => {
    expect(halvesOf(graph(), ['w'], 24)).toBeDefined();
    expect(halvesOf(graph(), ['w'], 11)).toBeUndefined();
  });
});
