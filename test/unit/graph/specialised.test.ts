import { describe, expect, test } from 'vitest';
import { int, subgraph } from '../../../src/graph/attributes';
import { PrismError } from '../../../src/graph/errors';
import { importModel } from '../../../src/graph/import';
import { defaultInputShapes } from '../../../src/graph/inputShapes';
import type { Graph, Node } from '../../../src/graph/ir';
import { specialise } from '../../../src/graph/specialise';
import { bool, float32, int64, toNumbers } from '../../../src/graph/tensor';
import { loadCase } from '../../support/cases';
import { feedsFor, graphOf, node, noise, value } from '../../support/graphs';
import { run } from '../../support/run';

const ops = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);
const shapes = (entries: Readonly<Record<string, readonly number[]>>) => new Map(Object.entries(entries));

async function errorOf(promise: Promise<unknown>): Promise<PrismError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PrismError) return error;
  throw error ?? new Error('nothing was thrown');
}

describe('input shapes', () => {
  const open = graphOf({
    inputs: [
      value('image', ['batch', 3, 'height', 'width']),
      value('mask', ['batch', 1, 'height', 'width']),
      value('tokens', ['batch', 'length'], 'int64'),
    ],
    outputs: [],
    nodes: [],
  });

  test('what is open is chosen: one sample, the usual size of images', () => {
    expect([...defaultInputShapes(open)]).toEqual([
      ['image', [1, 3, 224, 224]],
      ['mask', [1, 1, 224, 224]],
      ['tokens', [1, 1]],
    ]);
  });

  test('a name that dimensions share has one size', () => {
    expect([...defaultInputShapes(open, shapes({ image: [2, 3, 32, 48] }))]).toEqual([
      ['image', [2, 3, 32, 48]],
      ['mask', [2, 1, 32, 48]],
      ['tokens', [2, 1]],
    ]);
  });

  test('a mark for an open dimension is no name', () => {
    const marked = graphOf({ inputs: [value('x', ['?', 3, '?', '?'])], outputs: [], nodes: [] });
    expect(defaultInputShapes(marked, shapes({ x: [1, 3, 48, 192] })).get('x')).toEqual([1, 3, 48, 192]);
    expect(defaultInputShapes(marked).get('x')).toEqual([1, 3, 224, 224]);
  });

  test('channels may be last', () => {
    const last = graphOf({ inputs: [value('x', [null, null, null, 3])], outputs: [], nodes: [] });
    expect(defaultInputShapes(last).get('x')).toEqual([1, 224, 224, 3]);
  });

  test.each([
    [{ image: [1, 4, 32, 32] }, /dimension 1 is fixed to 3/],
    [{ image: [1, 3, 32] }, /it has 4 dimensions/],
    [{ image: [1, 3, 32, 32], mask: [1, 1, 16, 32] }, /height is 32 already/],
    [{ image: [1, 3, 1.5, 32] }, /whole numbers/],
  ])('%o does not fit', (given, message) => {
    expect(() => defaultInputShapes(open, shapes(given))).toThrow(message);
    expect(() => defaultInputShapes(open, shapes(given))).toThrow(expect.objectContaining({ code: 'INPUT_SHAPE' }));
  });

  test('an error tells what was expected and what was given', async () => {
    const error = await errorOf(specialise(loadCase('A-resnet18').graph(), shapes({ input: [1, 1, 64, 64] })));
    expect(error.code).toBe('INPUT_SHAPE');
    expect(error.details).toMatchObject({ input: 'input', got: [1, 1, 64, 64] });
    expect(error.message).toMatch(/3, 64, 64/);
  });

  test('an input that does not exist is named, with those that do', () => {
    expect(() => defaultInputShapes(open, shapes({ picture: [1] }))).toThrow(/"picture".*image, mask, tokens/);
  });

  test('a size that the layers cannot work with is refused', async () => {
    const graph = graphOf({
      inputs: [value('x', [1, 'n'])],
      outputs: ['y'],
      initializers: { w: float32(noise(12), [3, 4]) },
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
    });
    const error = await errorOf(specialise(graph, shapes({ x: [1, 5] })));
    expect(error.code).toBe('INPUT_SHAPE');
    expect(error.message).toMatch(/x \[1, 5\]/);
  });
});

describe('specialise', () => {
  const reshaping = graphOf({
    inputs: [value('x', ['n', 3, 'h', 'w'])],
    outputs: ['y'],
    initializers: { zero: int64([0]), rest: int64([-1]), one: int64([1], []) },
    nodes: [
      node('Shape', ['x'], ['shape']),
      node('Gather', ['shape', 'zero'], ['batch'], { axis: int(0) }),
      node('Concat', ['batch', 'rest'], ['wanted'], { axis: int(0) }),
      node('Reshape', ['x', 'wanted'], ['flat']),
      node('Relu', ['flat'], ['y']),
    ],
  });

  test('folds shape arithmetic for the shapes given', async () => {
    const special = await specialise(reshaping, shapes({ x: [2, 3, 4, 5] }));
    expect(ops(special)).toEqual(['Reshape', 'Relu']);
    expect([...toNumbers(special.initializers.get('wanted')!)]).toEqual([2, -1]);
    expect(special.types.get('flat')).toEqual({ dtype: 'float32', shape: [2, 60] });
    expect(special.outputs).toMatchObject([{ name: 'y', dtype: 'float32', shape: [2, 60] }]);
  });

  test('keeps names, metadata and weights as they are', async () => {
    const golden = loadCase('A-resnet18');
    const graph = golden.graph();
    const special = await specialise(graph);
    expect(special.metadata).toEqual(graph.metadata);
    const before = new Map(graph.nodes.map((made) => [made.outputs[0], made]));
    for (const made of special.nodes) expect(made).toEqual(before.get(made.outputs[0]));
    for (const [name, tensor] of special.initializers) expect(graph.initializers.get(name)).toBe(tensor);
  });

  test('does not fold weights', async () => {
    const graph = graphOf({
      inputs: [value('x', [1, 64])],
      outputs: ['y'],
      initializers: { w: float32(noise(64 * 64), [64, 64]) },
      nodes: [node('Transpose', ['w'], ['wt']), node('MatMul', ['x', 'wt'], ['y'])],
    });
    expect(ops(await specialise(graph))).toEqual(['Transpose', 'MatMul']);
  });

  test('does not write large constants out', async () => {
    const graph = graphOf({
      inputs: [value('x', [1024, 1024])],
      outputs: ['y'],
      initializers: { one: float32([1], []), shape: int64([1024, 1024]) },
      nodes: [node('Expand', ['one', 'shape'], ['ones']), node('Add', ['x', 'ones'], ['y'])],
    });
    const special = await specialise(graph);
    expect(ops(special)).toEqual(['Expand', 'Add']);
    expect(special.types.get('ones')?.shape).toEqual([1024, 1024]);
  });

  test('takes the branch that shapes decide', async () => {
    const branch = (made: Node): Graph => graphOf({ inputs: [], outputs: [made.outputs[0]], nodes: [made] });
    const graph = graphOf({
      inputs: [value('x', ['n', 3])],
      outputs: ['y'],
      initializers: { many: int64([1], []) },
      nodes: [
        node('Size', ['x'], ['size']),
        node('Greater', ['size', 'many'], ['large']),
        node('If', ['large'], ['b'], {
          then_branch: subgraph(branch(node('Exp', ['x'], ['e']))),
          else_branch: subgraph(branch(node('Neg', ['x'], ['m']))),
        }),
        node('Relu', ['b'], ['y']),
      ],
    });
    const special = await specialise(graph);
    expect(ops(special).filter((op) => op !== 'Identity')).toEqual(['Exp', 'Relu']);
    const feeds = feedsFor([value('x', [1, 3])]);
    const { y } = await run(special, feeds);
    expect(y).toEqual((await run(graph, feeds)).y);
  });

  test('casts to a type that is known', async () => {
    const graph = graphOf({
      inputs: [value('x', [3]), value('like', [1], 'float64')],
      outputs: ['y'],
      nodes: [node('Abs', ['like'], ['a']), node('CastLike', ['x', 'a'], ['y'])],
    });
    const special = await specialise(graph);
    expect(special.nodes).toMatchObject([{ op: 'Cast', attributes: { to: { value: 11 } } }]);
    expect(special.types.get('y')).toEqual({ dtype: 'float64', shape: [3] });
  });

  test('names the node of an operator that nobody knows', async () => {
    const error = await errorOf(specialise(loadCase('F-custom_op').graph()));
    expect(error.code).toBe('UNKNOWN_DOMAIN');
    expect(error.details).toMatchObject({ node: 'fancy_7', op: 'FancyAct', domain: 'com.example' });
    const unknown = graphOf({ inputs: [value('x', [3])], outputs: ['y'], nodes: [node('Fancy', ['x'], ['y'])] });
    expect(await errorOf(specialise(unknown))).toMatchObject({
      code: 'UNSUPPORTED_OPERATOR',
      details: { node: 'Fancy_y', op: 'Fancy' },
    });
  });

  test('leaves open what depends on data', async () => {
    const graph = graphOf({
      inputs: [value('x', [4])],
      outputs: ['y'],
      nodes: [node('NonZero', ['x'], ['at']), node('Shape', ['at'], ['y'])],
    });
    const special = await specialise(graph);
    expect(special.types.get('at')?.shape?.[0]).toBe(1);
    expect(special.types.get('at')?.shape?.[1]).not.toEqual(expect.any(Number));
  });

  test('keeps the shape of a state that a loop of unknown length hands on', async () => {
    const body = graphOf({
      inputs: [value('i', [], 'int64'), value('on', [], 'bool'), value('s', undefined)],
      outputs: [value('on', [], 'bool'), value('next', undefined)],
      nodes: [node('Tanh', ['s'], ['next'])],
    });
    const graph = graphOf({
      inputs: [value('x', [2, 3]), value('times', [], 'int64')],
      outputs: ['y'],
      initializers: { on: bool([true], []) },
      nodes: [node('Loop', ['times', 'on', 'x'], ['z'], { body: subgraph(body) }), node('Relu', ['z'], ['y'])],
    });
    const special = await specialise(graph);
    expect(special.types.get('y')).toEqual({ dtype: 'float32', shape: [2, 3] });
  });
});

describe('sequences', () => {
  test('of known length become tensors', async () => {
    const graph = graphOf({
      inputs: [value('x', [2, 5])],
      outputs: ['y', 'z', 'count'],
      initializers: { two: int64([2], []), first: int64([0], []), last: int64([-1], []) },
      nodes: [
        node('SplitToSequence', ['x', 'two'], ['parts'], { axis: int(1) }),
        node('SequenceAt', ['parts', 'last'], ['tail']),
        node('Neg', ['tail'], ['y']),
        node('SequenceErase', ['parts', 'first'], ['fewer']),
        node('SequenceInsert', ['fewer', 'tail', 'first'], ['more']),
        node('ConcatFromSequence', ['more'], ['z'], { axis: int(1) }),
        node('SequenceLength', ['parts'], ['count']),
      ],
    });
    const special = await specialise(graph);
    expect(ops(special).filter((op) => op !== 'Identity')).toEqual(['Split', 'Neg', 'Concat']);
    const feeds = feedsFor(graph.inputs);
    expect(await run(special, feeds)).toEqual(await run(graph, feeds));
  });

  test('of rows are stacked', async () => {
    const graph = graphOf({
      inputs: [value('x', [3, 2])],
      outputs: ['y'],
      nodes: [
        node('SplitToSequence', ['x'], ['rows'], { keepdims: int(0) }),
        node('ConcatFromSequence', ['rows'], ['y'], { axis: int(-1), new_axis: int(1) }),
      ],
    });
    const special = await specialise(graph);
    expect(special.nodes.some(({ op }) => op.includes('Sequence'))).toBe(false);
    const feeds = feedsFor(graph.inputs);
    expect(await run(special, feeds)).toEqual(await run(graph, feeds));
    expect(ops(await specialise(special))).toEqual(ops(special));
  });

  test('that are outputs stay', async () => {
    const graph = graphOf({
      inputs: [value('x', [3, 2])],
      outputs: ['rows', 'y'],
      initializers: { first: int64([0], []) },
      nodes: [node('SplitToSequence', ['x'], ['rows']), node('SequenceAt', ['rows', 'first'], ['y'])],
    });
    const special = await specialise(graph);
    expect(ops(special)).toContain('SplitToSequence');
    const feeds = feedsFor(graph.inputs);
    expect((await run(special, feeds, ['y'])).y).toEqual((await run(graph, feeds, ['y'])).y);
    expect(ops(await specialise(special))).toEqual(ops(special));
  });
});

test('a model of sequences survives reading and writing', async () => {
  const golden = loadCase('A-shufflenet_v2_x0_5');
  expect(importModel(golden.bytes()).nodes.some(({ op }) => op === 'SplitToSequence')).toBe(true);
  expect(ops(await specialise(golden.graph())).some((op) => op.includes('Sequence'))).toBe(false);
});

test('without a place for temporary files, specialising says so', async () => {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = '/no/such/folder';
  try {
    const graph = graphOf({ inputs: [value('x', [3])], outputs: ['y'], nodes: [node('Relu', ['x'], ['y'])] });
    expect((await errorOf(specialise(graph))).code).toBe('FILE_UNWRITABLE');
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});
