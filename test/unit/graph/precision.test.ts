import { describe, expect, it } from 'vitest';
import type { Graph, Tensor } from '../../../src/graph/ir';
import { inFloat32 } from '../../../src/graph/precision';
import { specialise } from '../../../src/graph/specialise';
import { int64 } from '../../../src/graph/tensor';
import { fromFloat32, toFloat32 } from '../../../src/inputs/elements';
import type { NpyArray } from '../../../src/inputs/npy';
import { gradientGraph } from '../../../src/reverse/gradient';
import { lower } from '../../../src/reverse/lower';
import { type Case, loadCase, relativeError } from '../../support/cases';
import { graphOf, node, value } from '../../support/graphs';
import { run } from '../../support/run';

const wide = (array: NpyArray): NpyArray => {
  if (array.dtype !== 'float16') return array;
  return { ...array, dtype: 'float32', data: toFloat32(array.dtype, array.data) };
};

/** Relative errors of the gradient and of the logits against those in float64 with the same rounded weights. */
async function errors(golden: Case): Promise<{ gradient: number; logits: number }> {
  const inputs = Object.fromEntries(Object.entries(golden.inputs()).map(([name, array]) => [name, wide(array)]));
  const shapes = new Map(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
  const graph = await specialise(inFloat32(golden.graph()), shapes);
  const expected = (what: string) => golden.expect.find((expectation) => expectation.what === what);
  const grad = expected('grad');
  const logits = expected('logits64') ?? expected('forward');
  if (!grad || !logits) throw new Error(`${golden.name} lacks an expectation`);
  const compiled = gradientGraph(graph, { output: graph.outputs[0].name, wrt: [grad.of], seed: 'target' });
  const results = await run(lower(compiled.graph, 'cpu'), {
    ...inputs,
    [compiled.seed]: BigInt64Array.of(BigInt(grad.target as number)),
  });
  const of = (name: string, array: NpyArray): number =>
    relativeError(results[name].data, wide(array).data as Float32Array);
  return {
    gradient: of(compiled.gradients.get(grad.of) as string, grad.array()),
    logits: of(compiled.output, logits.array()),
  };
}

describe('a model of narrow types computed in float32', () => {
  it.each(['F-fp16', 'F-fp16_weights_cast'])('%s is what float64 makes of its weights', async (name) => {
    const { gradient, logits } = await errors(loadCase(name));
    expect(gradient).toBeLessThan(1e-4);
    expect(logits).toBeLessThan(1e-4);
  });

  /** Numbers of seven significant bits, which bfloat16 holds exactly, as its bits. */
  const bfloat16 = (values: readonly number[], shape: readonly number[]): Tensor => {
    const words = new Uint32Array(Float32Array.from(values).buffer);
    const bits = Uint16Array.from(words, (word) => word >>> 16);
    return { dtype: 'bfloat16', shape, source: { kind: 'bytes', bytes: new Uint8Array(bits.buffer) } };
  };

  const LINEAR: Graph = graphOf({
    inputs: [value('x', [1, 2], 'bfloat16')],
    outputs: [value('y', [1, 2], 'float32')],
    nodes: [
      node('MatMul', ['x', 'w'], ['product']),
      node('Cast', ['factor'], ['narrow'], { to: { type: 'int', value: 16 } }),
      node('Mul', ['product', 'narrow'], ['scaled']),
      node('Cast', ['scaled'], ['y'], { to: { type: 'int', value: 1 } }),
    ],
    initializers: { w: bfloat16([1.5, -2, 0.25, 3], [2, 2]), factor: int64([2], []) },
  });

  it('runs where it is of bfloat16', async () => {
    const graph = inFloat32(LINEAR);
    expect(graph.inputs[0].dtype).toBe('float32');
    const { y } = await run(graph, { x: Float32Array.of(4, 8) });
    // 2·(4·1.5 + 8·0.25) and 2·(−4·2 + 8·3).
    expect(Array.from(y.data as Float32Array)).toEqual([16, 32]);
  });

  it('is left as it is without them', () => {
    const golden = loadCase('F-opset21').graph();
    expect(inFloat32(golden)).toBe(golden);
  });

  it('keeps every number of the weights', () => {
    const numbers = [1, -0.333251953125, 65504, 2 ** -24, Number.POSITIVE_INFINITY];
    const bits = fromFloat32(Float32Array.from(numbers), 'float16');
    const source: Tensor['source'] = { kind: 'bytes', bytes: new Uint8Array(bits.buffer as ArrayBuffer) };
    const graph = inFloat32({ ...LINEAR, initializers: new Map([['h', { dtype: 'float16', shape: [5], source }]]) });
    const wide = graph.initializers.get('h');
    if (wide?.source.kind !== 'bytes') throw new Error('the weights are not in memory');
    expect(wide.dtype).toBe('float32');
    expect(Array.from(new Float32Array(wide.source.bytes.buffer, wide.source.bytes.byteOffset, 5))).toEqual(numbers);
  });
});
