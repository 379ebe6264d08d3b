import { describe, expect, it } from 'vitest';
import { specialise } from '../../../src/graph/specialise';
import { type GradientGraph, gradientGraph } from '../../../src/reverse/gradient';
import { lower, type Provider } from '../../../src/reverse/lower';
import { scoreWeights } from '../../../src/reverse/score';
import { type Case, type Expectation, loadCase, relativeError } from '../../support/cases';
import { type Feed, run } from '../../support/run';

const CLASSIFIERS = [
  'A-conv1d_audio',
  'A-conv3d_video',
  'A-convnext_tiny',
  'A-densenet121',
  'A-efficientnet_b0',
  'A-googlenet',
  'A-inception_v3',
  'A-mobilenet_v2',
  'A-mobilenet_v3_small',
  'A-regnet_y_400mf',
  'A-resnet18',
  'A-resnet50',
  'A-shufflenet_v2_x0_5',
  'A-squeezenet1_1',
  'A-vgg11_bn',
];

const SEGMENTERS = ['A-unet_convtranspose', 'A-unet_resize_bilinear', 'A-unet_resize_nearest'];

function expectationOf(golden: Case, what: string): Expectation {
  const found = golden.expect.find((expectation) => expectation.what === what);
  if (!found) throw new Error(`${golden.name} expects no ${what}`);
  return found;
}

/** Differentiates a case's model, runs it and compares gradient and output with the golden ones. */
async function check(
  golden: Case,
  seed: 'target' | 'weights',
  seedFor: (shape: readonly number[], expectation: Expectation) => Feed,
  provider: Provider = 'cpu',
): Promise<void> {
  const feeds = golden.inputs();
  const shapes = new Map(Object.entries(feeds).map(([name, { shape }]) => [name, shape]));
  const graph = await specialise(golden.graph(), shapes);
  const expectation = expectationOf(golden, 'grad');
  const [output] = graph.outputs;
  const gradient: GradientGraph = gradientGraph(graph, { output: output.name, wrt: [expectation.of], seed });
  const results = await run(lower(gradient.graph, provider), {
    ...feeds,
    [gradient.seed]: seedFor(output.shape as readonly number[], expectation),
  });
  const error = (name: string, { array }: Expectation): number =>
    relativeError(results[name].data as Float32Array, array().data as Float32Array);
  expect(error(gradient.output, expectationOf(golden, 'forward'))).toBeLessThan(1e-4);
  expect(error(gradient.gradients.get(expectation.of) as string, expectation)).toBeLessThan(golden.tolerance as number);
}

const targetOf = (_shape: readonly number[], { target }: Expectation): Feed =>
  BigInt64Array.of(BigInt(target as number));

describe('the gradient of one class, as compiled for the CPU', () => {
  it.each(CLASSIFIERS)('%s', (name) => check(loadCase(name), 'target', targetOf));
});

describe('the gradient of a score of a dense output', () => {
  it.each(SEGMENTERS)('%s: a class over a region', (name) => {
    const golden = loadCase(name);
    const { shape, data } = golden.file('score.mask.npy');
    const region = { shape, values: data as Float32Array };
    return check(golden, 'weights', (output, { target }) =>
      scoreWeights(output, [0, target as number, null, null], region),
    );
  });

  it('A-mini_yolo: one element', () =>
    check(loadCase('A-mini_yolo'), 'weights', (output, { params }) => scoreWeights(output, params.index as number[])));
});

describe('what WebGPU cannot run is rewritten without changing the gradient', () => {
  it.each(['A-conv1d_audio', 'A-conv3d_video', 'A-squeezenet1_1'])('%s', (name) =>
    check(loadCase(name), 'target', targetOf, 'webgpu'),
  );
});
