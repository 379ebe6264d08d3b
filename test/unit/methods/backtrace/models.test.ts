import { describe, expect, it } from 'vitest';
import { int, ints } from '../../../../src/graph/attributes';
import { specialise } from '../../../../src/graph/specialise';
import { float32 } from '../../../../src/graph/tensor';
import { backtrace } from '../../../../src/methods/backtrace';
import type { Options, Score, Subject } from '../../../../src/methods/method';
import { graphOf, node, noise, value } from '../../../support/graphs';
import { testRuntime } from '../../../support/runtime';
import { subjectOf } from '../../../support/sharing';

const OPTIONS: Options = {
  mode: 'default',
  stream: 'positive',
  multiplier: 100,
  scaler: 1,
  threshold: 0.5,
  saturation: false,
};

const explain = (subject: Subject, options: Options = {}) =>
  backtrace.explain(subject, { ...OPTIONS, ...options }, testRuntime());

const MODELS: readonly { name: string; select: Score['select']; tokens?: string }[] = [
  { name: 'A-resnet18', select: [0, 3] },
  { name: 'A-swin_t_reduced', select: [0, 3] },
  { name: 'A-unet_convtranspose', select: [0, 1, ':', ':'] },
  { name: 'A-mini_yolo', select: [0, 5, 17] },
  { name: 'A-conv3d_video', select: [0, 1] },
  { name: 'A-lstm_bi2', select: [0, 1] },
  { name: 'A-gru', select: [0, 1] },
  { name: 'A-bert_tiny', select: [0, 1], tokens: 'input_ids' },
  { name: 'A-llama_tiny_ts', select: [0, 3], tokens: 'input_ids' },
];

describe.each(MODELS)('$name', async ({ name, select, tokens }) => {
  const subject = await subjectOf(name);
  const rank = subject.graph.outputs[0].shape?.length ?? 2;
  const whole: Score['select'] = select.length === rank ? select : [...select.slice(0, -1), 0, select.at(-1) as number];
  const asked = { ...subject, ...(tokens && { input: tokens }), score: { output: subject.output, select: whole } };

  it.each(['default', 'contrast'])('%s mode: what comes in and what stays is what went out', async (mode) => {
    const { map, conservation, ledger } = await explain(asked, { mode });
    const start = conservation?.expected as number;
    expect(start).toBeGreaterThan(0);
    expect(map.data.every(Number.isFinite)).toBe(true);
    if (mode === 'contrast') expect(map.data.every((relevance) => relevance >= 0)).toBe(true);
    expect(Math.abs(conservation?.residual as number)).toBeLessThanOrEqual(1e-4 * start);
    for (const entry of ledger ?? [])
      expect(Math.abs(entry.out - entry.in - entry.sink - entry.lost)).toBeLessThanOrEqual(1e-4 * start);
  });
});

describe('attention without positions', async () => {
  const [tokens, width] = [4, 6];
  const graph = graphOf({
    inputs: [value('x', [1, tokens, width])],
    outputs: ['logits'],
    nodes: [
      ...['q', 'k', 'v'].map((part) => node('MatMul', ['x', `w${part}`], [part])),
      node('Transpose', ['k'], ['kt'], { perm: ints([0, 2, 1]) }),
      node('MatMul', ['q', 'kt'], ['scores']),
      node('Softmax', ['scores'], ['weights'], { axis: int(-1) }),
      node('MatMul', ['weights', 'v'], ['mixed']),
      node('Add', ['mixed', 'x'], ['sum']),
      node('ReduceMean', ['sum', 'axes'], ['mean'], { keepdims: int(0) }),
      node('MatMul', ['mean', 'head'], ['logits']),
    ],
    initializers: {
      wq: float32(noise(width * width, 2), [width, width]),
      wk: float32(noise(width * width, 3), [width, width]),
      wv: float32(noise(width * width, 4), [width, width]),
      head: float32(noise(3 * width, 5), [width, 3]),
      axes: {
        dtype: 'int64',
        shape: [1],
        source: { kind: 'bytes', bytes: new Uint8Array(BigInt64Array.of(1n).buffer) },
      },
    },
  });
  const specialised = await specialise(graph, new Map([['x', [1, tokens, width]]]));
  const x = noise(tokens * width, 7);
  const row = (data: Float32Array, token: number): Float32Array => data.subarray(token * width, (token + 1) * width);
  const relevanceOf = async (order: readonly number[], mode: string): Promise<Float32Array> => {
    const data = Float32Array.from(order.flatMap((token) => [...row(x, token)]));
    const feeds = new Map([['x', { dtype: 'float32' as const, shape: [1, tokens, width], data }]]);
    const score: Score = { output: 'logits', select: [0, 1] };
    return (await explain({ graph: specialised, feeds, input: 'x', score }, { mode })).map.data;
  };

  it.each(['default', 'contrast'])('relevance moves with its token, %s mode', async (mode) => {
    const plain = await relevanceOf([0, 1, 2, 3], mode);
    const swapped = await relevanceOf([0, 3, 2, 1], mode);
    const size = Math.max(...plain.map(Math.abs));
    expect(Math.max(...row(plain, 1).map((r, i) => Math.abs(r - row(plain, 3)[i])))).toBeGreaterThan(1e-2 * size);
    for (const [now, before] of [
      [1, 3],
      [3, 1],
      [0, 0],
      [2, 2],
    ]) {
      for (let i = 0; i < width; i++)
        expect(Math.abs(row(swapped, now)[i] - row(plain, before)[i])).toBeLessThanOrEqual(1e-4 * size);
    }
  });
});
