import { describe, expect, it } from 'vitest';
import { int, ints, subgraph } from '../../../src/graph/attributes';
import {
  type Attributes,
  type Graph,
  type Node,
  TARGET_OPSET,
  type Tensor,
  typeOf,
  type ValueInfo,
} from '../../../src/graph/ir';
import { specialise } from '../../../src/graph/specialise';
import { bool, float32, int64 } from '../../../src/graph/tensor';
import { checkGradient, nodeOf, trialOf, typed } from '../../support/derivatives';
import { type NdArray, ndarray } from '../../support/evaluator/array';
import { evaluate } from '../../support/evaluator/evaluator';
import { Random } from '../../support/random';

const matrix = (name: string): ValueInfo => ({ name, dtype: 'float32', shape: [2, 3] });
const vector = (name: string): ValueInfo => ({ name, dtype: 'float32', shape: [2] });
const scalar = (name: string, dtype: ValueInfo['dtype']): ValueInfo => ({ name, dtype, shape: [] });

const body = (
  inputs: readonly ValueInfo[],
  nodes: readonly Node[],
  outputs: readonly ValueInfo[],
  initializers: Readonly<Record<string, Tensor>> = {},
): Attributes => ({
  body: subgraph({
    name: 'body',
    opsets: { '': TARGET_OPSET },
    inputs,
    outputs,
    nodes,
    initializers: new Map(Object.entries(initializers)),
    types: new Map(),
    metadata: {},
  }),
});

async function writtenOut(graph: Graph, feeds: Readonly<Record<string, NdArray>>): Promise<Graph> {
  const special = await specialise(graph, new Map(Object.entries(feeds).map(([name, { shape }]) => [name, shape])));
  expect(special.nodes.filter(({ op }) => op === 'Loop' || op === 'Scan')).toEqual([]);
  for (const { name, dtype, shape } of special.outputs) expect({ dtype, shape }).toEqual(typeOf(graph, name));
  return typed(
    special,
    feeds,
    special.outputs.map(({ name }) => name),
  );
}

/** The same results from the graph with the loop and from the one without, both run by the reference. */
function expectSame(before: Graph, after: Graph, feeds: Readonly<Record<string, NdArray>>): void {
  const [expected, actual] = [evaluate(before, feeds), evaluate(after, feeds)];
  for (const { name } of before.outputs) {
    expect(actual.get(name)?.shape, name).toEqual(expected.get(name)?.shape);
    actual.get(name)?.data.forEach((value, i) => {
      expect(value, name).toBeCloseTo(expected.get(name)?.data[i] as number, 10);
    });
  }
}

/** h ← h·x, at most six times, while Σh is below 3. */
const untilLarge = (x: NdArray) =>
  trialOf(
    [
      nodeOf(
        'Loop',
        ['six', '', 'x'],
        ['last', 'count'],
        body(
          [scalar('i', 'int64'), scalar('on', 'bool'), matrix('h')],
          [
            nodeOf('Mul', ['h', 'x'], ['next']),
            nodeOf('ReduceSum', ['next'], ['sum'], { keepdims: int(0) }),
            nodeOf('Less', ['sum', 'three'], ['again']),
          ],
          [scalar('again', 'bool'), matrix('next')],
          { three: float32([3], []) },
        ),
      ),
    ].map((node) => ({ ...node, outputs: node.outputs.slice(0, 1) })),
    { x, six: int64([6], []) },
    ['last'],
  );

describe('loops are written out', () => {
  it.each([
    ['one iteration', 3],
    ['some', 1.2],
    ['all', 0.5],
  ])('ends by data after %s', async (_, value) => {
    const { graph, feeds } = untilLarge(ndarray('float32', [2, 3], new Array(6).fill(value)));
    expectSame(graph, await writtenOut(graph, feeds), feeds);
  });

  it('has the gradient of the iterations that ran', async () => {
    const trial = untilLarge(new Random(3).array([2, 3], 0.6, 1.3));
    const graph = await writtenOut(trial.graph, trial.feeds);
    await checkGradient({ graph, feeds: trial.feeds });
  });

  it('collects what each iteration makes', async () => {
    const loop = nodeOf(
      'Loop',
      ['three', 'yes', 'x'],
      ['last', 'all'],
      body(
        [scalar('i', 'int64'), scalar('on', 'bool'), matrix('h')],
        [
          nodeOf('Identity', ['on'], ['again']),
          nodeOf('Cast', ['i'], ['step'], { to: int(1) }),
          nodeOf('Add', ['h', 'step'], ['next']),
          nodeOf('Tanh', ['next'], ['seen']),
        ],
        [scalar('again', 'bool'), matrix('next'), matrix('seen')],
      ),
    );
    const values = { x: new Random(4).array([2, 3]), three: int64([3], []), yes: bool([true], []) };
    const { graph, feeds } = trialOf([loop], values, ['last', 'all']);
    const special = await writtenOut(graph, feeds);
    expectSame(graph, special, feeds);
    await checkGradient({ graph: special, feeds });
  });

  it('scans backwards along any axis', async () => {
    const scan = nodeOf('Scan', ['h0', 'x', 'z'], ['last', 'sums', 'products'], {
      ...body(
        [vector('h'), vector('a'), vector('b')],
        [
          nodeOf('Mul', ['h', 'a'], ['next']),
          nodeOf('Add', ['next', 'b'], ['sum']),
          nodeOf('Mul', ['next', 'b'], ['product']),
        ],
        [vector('next'), vector('sum'), vector('product')],
      ),
      num_scan_inputs: int(2),
      scan_input_axes: ints([1, 0]),
      scan_input_directions: ints([1, 0]),
      scan_output_axes: ints([-1, 0]),
      scan_output_directions: ints([1, 0]),
    });
    const random = new Random(5);
    const values = { h0: random.array([2], 0.5, 1.5), x: random.array([2, 3]), z: random.array([3, 2]) };
    const { graph, feeds } = trialOf([scan], values, ['last', 'sums', 'products']);
    const special = await writtenOut(graph, feeds);
    expectSame(graph, special, feeds);
    await checkGradient({ graph: special, feeds });
  });
});
