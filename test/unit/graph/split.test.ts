import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ints } from '../../../src/graph/attributes';
import { type Graph, type Node, typeOf } from '../../../src/graph/ir';
import { extract, prune } from '../../../src/graph/prune';
import { specialise } from '../../../src/graph/specialise';
import { split } from '../../../src/graph/split';
import { float32 } from '../../../src/graph/tensor';
import type { NpyArray } from '../../../src/inputs/npy';
import { loadCase } from '../../support/cases';
import { feedsFor, graphOf, node, noise, value } from '../../support/graphs';
import { run } from '../../support/run';

const pick = (graph: Graph, feeds: Readonly<Record<string, NpyArray>>): Record<string, NpyArray> =>
  Object.fromEntries(graph.inputs.map(({ name }) => [name, feeds[name]]));

/** Runs the trace, then the pass on its results; returns the outputs of both. */
async function runSplit(
  graph: Graph,
  seeds: readonly string[],
  feeds: Readonly<Record<string, NpyArray>>,
): Promise<Record<string, NpyArray>> {
  const { trace, pass, boundary } = split(graph, seeds);
  const traced = trace.outputs.length > 0 ? await run(trace, pick(trace, feeds)) : {};
  expect(Object.keys(traced)).toEqual(expect.arrayContaining([...boundary]));
  const passed = pass.outputs.length > 0 ? await run(pass, pick(pass, { ...feeds, ...traced })) : {};
  return { ...traced, ...passed };
}

const ops = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);

/** A forward part and a reverse part: y = relu(x w), back = (seed ⊙ [y > 0]) wᵀ. */
const gradient = graphOf({
  inputs: [value('x', [2, 3]), value('seed', [2, 4])],
  outputs: ['y', 'back'],
  initializers: { w: float32(noise(12), [3, 4]), zero: float32([0], []), unread: float32([1]) },
  nodes: [
    node('MatMul', ['x', 'w'], ['h']),
    node('Relu', ['h'], ['y']),
    node('Greater', ['h', 'zero'], ['positive']),
    node('Cast', ['positive'], ['mask'], { to: { type: 'int', value: 1 } }),
    node('Transpose', ['w'], ['wt'], { perm: ints([1, 0]) }),
    node('Mul', ['seed', 'mask'], ['masked']),
    node('MatMul', ['masked', 'wt'], ['back']),
    node('Exp', ['x'], ['dead']),
  ],
});

describe('split', () => {
  test('puts into the trace what does not depend on the seed, and constants where they are read', () => {
    const { trace, pass, boundary } = split(gradient, ['seed']);
    expect(boundary).toEqual(['mask']);
    expect(ops(trace)).toEqual(['MatMul', 'Relu', 'Greater', 'Cast']);
    expect(ops(pass)).toEqual(['Transpose', 'Mul', 'MatMul']);
    expect(trace.outputs.map(({ name }) => name)).toEqual(['mask', 'y']);
    expect(pass.outputs.map(({ name }) => name)).toEqual(['back']);
    expect(pass.inputs.map(({ name }) => name)).toEqual(['seed', 'mask']);
    expect([...trace.initializers.keys()].sort()).toEqual(['w', 'zero']);
    expect([...pass.initializers.keys()]).toEqual(['w']);
  });

  test('gives what the whole gives', async () => {
    const feeds = feedsFor(gradient.inputs);
    const whole = await run(gradient, feeds);
    const parts = await runSplit(await specialise(gradient), ['seed'], feeds);
    for (const name of ['y', 'back']) expect(parts[name]).toEqual(whole[name]);
  });

  test('of some outputs leaves the others out', () => {
    const { trace, pass } = split(gradient, ['seed'], ['y']);
    expect(ops(trace)).toEqual(['MatMul', 'Relu']);
    expect(pass.nodes).toEqual([]);
  });

  test('hands over an input that the pass reads too as that input', () => {
    const graph = graphOf({
      inputs: [value('x', [3]), value('seed', [3])],
      outputs: ['y'],
      nodes: [node('Mul', ['x', 'seed'], ['y'])],
    });
    const { pass, boundary } = split(graph, ['seed']);
    expect(boundary).toEqual([]);
    expect(pass.inputs.map(({ name }) => name)).toEqual(['x', 'seed']);
  });

  test('draws random numbers once, in the trace', () => {
    const graph = graphOf({
      inputs: [value('seed', [3])],
      outputs: ['y'],
      nodes: [node('RandomNormal', [], ['r'], { shape: ints([3]) }), node('Mul', ['r', 'seed'], ['y'])],
    });
    expect(split(graph, ['seed'])).toMatchObject({ boundary: ['r'], pass: { nodes: [{ op: 'Mul' }] } });
  });

  test('gives what the whole gives on graphs drawn at random', async () => {
    const drawn = fc.record({
      nodes: fc.array(
        fc.record({ op: fc.constantFrom('Add', 'Mul', 'Max', 'Relu', 'Tanh'), a: fc.nat(), b: fc.nat() }),
        { minLength: 1, maxLength: 14 },
      ),
      outputs: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
      seeds: fc.subarray(['i0', 'i1', 'i2'], { minLength: 0 }),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ nodes, outputs, seeds }) => {
        const inputs = ['i0', 'i1', 'i2'].map((name) => value(name, [4]));
        const values = [...inputs.map(({ name }) => name), 'c'];
        const made: Node[] = nodes.map(({ op, a, b }, index) => {
          const reads = [a, b].slice(0, op === 'Relu' || op === 'Tanh' ? 1 : 2).map((at) => values[at % values.length]);
          values.push(`v${index}`);
          return node(op, reads, [`v${index}`]);
        });
        const names = [...new Set(outputs.map((at) => `v${at % made.length}`))];
        const graph = graphOf({ inputs, outputs: names, nodes: made, initializers: { c: float32(noise(4, 9)) } });
        const feeds = feedsFor(inputs);
        const whole = await run(graph, feeds);
        const parts = await runSplit(await specialise(graph), seeds, feeds);
        for (const name of names) expect(parts[name]).toEqual(whole[name]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('extract', () => {
  test('the part of a network between two layers gives what the whole gives', async () => {
    const golden = loadCase('A-squeezenet1_1');
    const graph = await specialise(golden.graph());
    // Every path goes through the concatenation at the end of a fire module.
    const [at] = graph.nodes.filter(({ op }) => op === 'Concat')[3].outputs;
    const [{ name: output }] = graph.outputs;
    const head = extract(
      graph,
      graph.inputs.map(({ name }) => name),
      [at],
    );
    const tail = extract(graph, [at], [output]);
    expect(head.nodes.length + tail.nodes.length).toBe(graph.nodes.length);
    expect(tail.inputs).toMatchObject([{ name: at, shape: typeOf(graph, at)?.shape }]);
    expect(
      [...tail.initializers.keys()].filter((name) => head.initializers.has(name) && name.includes('weight')),
    ).toEqual([]);
    const whole = await run(graph, golden.inputs());
    const half = await run(head, golden.inputs());
    const rest = await run(tail, { [at]: half[at] });
    expect(rest[output].shape).toEqual(whole[output].shape);
    const difference = (rest[output].data as Float32Array).map(
      (element, i) => element - (whole[output].data as Float32Array)[i],
    );
    expect(Math.max(...difference.map(Math.abs))).toBeLessThan(1e-5);
  });
});

describe('prune', () => {
  test('removes dead nodes and what only they read; inputs stay', () => {
    const { nodes, initializers, inputs } = prune(
      graphOf({ ...gradient, initializers: Object.fromEntries(gradient.initializers), outputs: ['y'] }),
    );
    expect(nodes.map(({ op }) => op)).toEqual(['MatMul', 'Relu']);
    expect([...initializers.keys()]).toEqual(['w']);
    expect(inputs).toHaveLength(2);
  });

  test('keeps what the branches of a condition read from outside', () => {
    const branch = (op: string): Graph => graphOf({ inputs: [], outputs: [op], nodes: [node(op, ['a'], [op])] });
    const attributes = {
      then_branch: { type: 'graph', value: branch('Exp') },
      else_branch: { type: 'graph', value: branch('Neg') },
    } as const;
    const graph = graphOf({
      inputs: [value('x', [3]), value('c', [], 'bool')],
      outputs: ['y'],
      nodes: [node('Abs', ['x'], ['a']), node('If', ['c'], ['y'], attributes)],
    });
    expect(ops(prune(graph))).toEqual(['Abs', 'If']);
    expect(split(graph, ['x'])).toMatchObject({ boundary: [], pass: { nodes: [{ op: 'Abs' }, { op: 'If' }] } });
    expect(split(graph, ['c'])).toMatchObject({ boundary: ['a'] });
  });
});
