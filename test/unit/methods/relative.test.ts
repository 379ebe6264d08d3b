import { describe, expect, it } from 'vitest';
import { completeOptions } from '../../../src/engine/options';
import type { Graph } from '../../../src/graph/ir';
import { toNumbers } from '../../../src/graph/tensor';
import { methodById } from '../../../src/methods/index';
import type { Attribution, OptionValue } from '../../../src/methods/method';
import { loadCase, relativeError } from '../../support/cases';
import { subjectOfCase } from '../../support/perturbation';
import { run } from '../../support/run';
import { testRuntime } from '../../support/runtime';

/** Where relative propagation starts, ends and what it keeps, on a network with two dense layers above convolutions. */
describe('D-vgg_small_bn', async () => {
  const golden = loadCase('D-vgg_small_bn');
  const target = Number(golden.expect[0].target);
  const subject = await subjectOfCase(golden, 'logits', target);
  const { graph } = subject;
  const explained = (id: string, at?: string, options: Record<string, OptionValue> = {}): Promise<Attribution> => {
    const method = methodById(id);
    const complete = completeOptions(method.info, options);
    return method.explain({ ...subject, ...(at !== undefined && { at }) }, complete, testRuntime());
  };
  const computed = async (name: string): Promise<Float32Array> => {
    const outputs = [{ name, dtype: 'float32' as const, shape: graph.types.get(name)?.shape }];
    return (await run({ ...graph, outputs } as Graph, golden.inputs()))[name].data as Float32Array;
  };
  const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);
  const top = graph.nodes.findLast(({ op }) => op === 'Gemm');
  const [hidden, weights] = top?.inputs ?? [];
  const lastMap = graph.nodes.findLast(({ op }) => op === 'MaxPool')?.inputs[0] as string;

  it('RAP begins with the sizes of contributions to the class', async () => {
    const x = await computed(hidden);
    const tensor = graph.initializers.get(weights) as NonNullable<ReturnType<typeof graph.initializers.get>>;
    const row = toNumbers(tensor).slice(target * x.length, (target + 1) * x.length);
    const sizes = Array.from(x, (value, i) => Math.abs(value * row[i]));
    const { map, score } = await explained('rap', hidden);
    expect(
      relativeError(
        map.data,
        sizes.map((size) => (size / sum(sizes)) * score),
      ),
    ).toBeLessThan(1e-5);
  });

  it('RAP gives the input exactly the score, for and against', async () => {
    const { map, score, conservation } = await explained('rap');
    expect(sum(map.data)).toBeCloseTo(score, 4);
    expect(conservation?.lost).toBeCloseTo(0, 4);
    expect(map.data.some((value) => value < 0)).toBe(true);
  });

  it('RSP begins with what Grad-CAM sums over channels', async () => {
    const { map } = await explained('rsp', lastMap);
    const [, channels, height, width] = map.shape;
    const cam = await explained('grad-cam', undefined, { layer: lastMap, upsample: false });
    const places = height * width;
    const summed = Array.from({ length: places }, (_, place) =>
      sum(Array.from({ length: channels }, (_, channel) => map.data[channel * places + place])),
    );
    expect(relativeError(summed, cam.map.data)).toBeLessThan(1e-5);
  });

  it('RSP keeps that sum, and takes the layer by name', async () => {
    const { map } = await explained('rsp', lastMap);
    const below = await explained('rsp', undefined, { layer: lastMap });
    expect(below.conservation?.expected).toBeCloseTo(sum(map.data), 4);
    expect(sum(below.map.data)).toBeCloseTo(sum(map.data), 4);
  });
});
