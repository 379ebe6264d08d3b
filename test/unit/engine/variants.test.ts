import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/engine/engine';
import { prepare } from '../../../src/engine/subject';
import { Variants } from '../../../src/engine/variants';
import type { Graph } from '../../../src/graph/ir';
import { writeNpy } from '../../../src/inputs/npy';
import { colours, SIDE, Workspace } from '../../support/engine/workspace';

let workspace: Workspace;
let engine: Engine;
beforeEach(async () => {
  workspace = new Workspace();
  engine = new Engine({ version: '0' });
  await engine.initialize({ cacheDir: null, provider: 'cpu' });
});
afterEach(() => {
  engine.dispose();
  workspace.remove();
});

const COUNT = 3 * SIDE * SIDE;
/** Pictures of one grey each. */
const grey = (index: number): Float32Array => new Float32Array(COUNT).fill((index + 1) / 64);

/** The first logit of each of so many grey pictures. */
async function firstLogits(graph: Graph, count: number): Promise<number[]> {
  const model = workspace.colours('m.onnx', graph);
  const file = workspace.write('x.npy', writeNpy({ dtype: 'float32', shape: [1, 3, SIDE, SIDE], data: grey(0) }));
  const { result } = await engine.work(model, async (desk) => {
    const prepared = await prepare(desk.model, { inputs: new Map([['image', file]]) }, desk.request);
    const found: number[] = [];
    for await (const output of new Variants(prepared, 'logits').outputs(count, grey)) {
      expect(output).toHaveLength(3);
      found.push(output[0]);
    }
    return found;
  });
  return result;
}

const expected = (count: number): number[] => Array.from({ length: count }, (_, i) => (10 * (i + 1)) / 64);

const fixed: Partial<Graph> = {
  inputs: [{ name: 'image', dtype: 'float32', shape: [1, 3, SIDE, SIDE] }],
  outputs: [{ name: 'logits', dtype: 'float32', shape: [1, 3] }],
};

/** Adds the highest value of the whole batch to every one, and takes that of its own away again: 0 for single inputs. */
function mixing(): Graph {
  const graph = colours();
  const [first, ...rest] = graph.nodes;
  const after = (op: string, inputs: readonly string[], output: string, attributes = {}) => ({
    op,
    domain: '',
    name: output,
    inputs,
    outputs: [output],
    attributes,
  });
  const keep = { keepdims: { type: 'int', value: 1 } } as const;
  return {
    ...graph,
    initializers: new Map([
      ...graph.initializers,
      [
        'axes',
        {
          dtype: 'int64',
          shape: [3],
          source: { kind: 'bytes', bytes: new Uint8Array(BigInt64Array.of(1n, 2n, 3n).buffer) },
        },
      ],
    ]),
    nodes: [
      { ...first, outputs: ['mixed'] },
      after('ReduceMax', ['mixed'], 'all', keep),
      after('ReduceMax', ['mixed', 'axes'], 'own', keep),
      after('Add', ['mixed', 'all'], 'more'),
      after('Sub', ['more', 'own'], '/mix/Conv_output_0'),
      ...rest,
    ],
  };
}

describe('many variants of an input', () => {
  it.each([1, 2, 33])('give what each gives: %i of them', async (count) => {
    const found = await firstLogits(colours(), count);
    expect(found).toHaveLength(count);
    for (const [i, value] of expected(count).entries()) expect(found[i]).toBeCloseTo(value, 4);
  });

  it('run in batches also where the model says that it takes one', async () => {
    const found = await firstLogits(colours(10, fixed), 9);
    for (const [i, value] of expected(9).entries()) expect(found[i]).toBeCloseTo(value, 4);
  });

  it('run one by one where a batch mixes what stands in it', async () => {
    const found = await firstLogits(mixing(), 9);
    for (const [i, value] of expected(9).entries()) expect(found[i]).toBeCloseTo(value, 4);
  });
});
