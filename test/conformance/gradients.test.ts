import { describe, expect, it } from 'vitest';
import type { Graph, Tensor } from '../../src/graph/ir';
import { specialise } from '../../src/graph/specialise';
import { elementCount } from '../../src/graph/tensor';
import { type Elements, isElementType } from '../../src/inputs/elements';
import type { NpyArray } from '../../src/inputs/npy';
import { gradientGraph } from '../../src/reverse/gradient';
import { type Conformance, conformance, graphOf, refusalOf } from '../support/conformance';
import { openGraph, run } from '../support/run';

/** Models through which a gradient is refused, by the code. */
const NO_GRADIENT: Readonly<Record<string, RegExp>> = {
  // How many elements come out depends on the data.
  UNKNOWN_SHAPE: /_(compress_\w+|onehot_\w+|range_float_type_\w+|unique_\w+|maxunpool_export_with_output_shape)$/,
  UNSUPPORTED_OPERATOR:
    /_(bernoulli(_double|_seed)?|det_[2n]d|dynamicquantizelinear(_m\w+_adjusted)?|melweightmatrix|roialign_\w+)$/,
  UNSUPPORTED_ATTRIBUTE: /_batchnorm_\w+_training_mode$/,
};

/** Where a difference quotient says nothing: values at a jump, a kink or the end of a domain, too large, or random. */
const UNMEASURABLE: readonly RegExp[] = [
  /_bernoulli\w*_expanded$/,
  /_training_dropout/,
  /_(floor|ceil)_example$/,
  /_(round|sign|hardmax\w*|sign_model)$/,
  /_(leakyrelu|thresholdedrelu)_example$/,
  /_gridsample(_aligncorners_true|_bilinear|_nearest)$/,
  /_reduce_(max|min)_default_axes_keepdims_example$/,
  /_(acosh_example|pow|(log)?softmax_large_number(_expanded)?)$/,
  // Data in other shapes than the models declare.
  /_castlike_\w*BFLOAT16/,
];

/** Floating inputs that fix sizes, as which exporters write constants. */
const CONTROLS: ReadonlySet<string> = new Set(['roi', 'scales']);

const isFloating = (dtype: string): boolean => dtype === 'float32' || dtype === 'float64';
const numbers = (array: NpyArray): number[] => Array.from(array.data as Float32Array, Number);
const like = ({ dtype, shape }: Pick<NpyArray, 'dtype' | 'shape'>, values: readonly number[]): NpyArray => ({
  dtype,
  shape,
  data: dtype === 'float64' ? Float64Array.from(values) : Float32Array.from(values),
});

/** An array as an initializer. */
function tensorOf({ dtype, shape, data }: NpyArray): Tensor {
  const { buffer, byteOffset, byteLength } = data as Elements;
  return { dtype, shape, source: { kind: 'bytes', bytes: new Uint8Array(buffer, byteOffset, byteLength) } };
}

interface Sample {
  readonly graph: Graph;
  readonly feeds: Readonly<Record<string, NpyArray>>;
  readonly output: string;
  readonly expected: NpyArray;
}

/** A model with what is no floating input as constants, as exporters write it; undefined if nothing can be compared. */
async function sampleOf(model: Conformance): Promise<Sample | undefined> {
  const [inputs] = model.inputs();
  const [outputs] = model.outputs();
  if (!inputs?.every((input) => input && isElementType(input.dtype))) return undefined;
  const index = outputs.findIndex((output) => output && isFloating(output.dtype));
  const count = inputs.reduce((sum, input) => sum + (isFloating(input!.dtype) ? elementCount(input!.shape) : 0), 0);
  if (index < 0 || count === 0 || count > 1000) return undefined;
  const graph = graphOf(model);
  const given = graph.inputs.map(({ name }, i): [string, NpyArray] => [name, inputs[i] as NpyArray]);
  const varies = ([name, { dtype }]: [string, NpyArray]): boolean => isFloating(dtype) && !CONTROLS.has(name);
  const feeds = Object.fromEntries(given.filter(varies));
  const fixed = given.filter((input) => !varies(input));
  const constant: Graph = {
    ...graph,
    inputs: graph.inputs.filter(({ name }) => feeds[name]),
    initializers: new Map([...graph.initializers, ...fixed.map(([name, array]) => [name, tensorOf(array)] as const)]),
  };
  const shapes = new Map(Object.entries(feeds).map(([name, { shape }]) => [name, shape]));
  const special = await specialise(constant, shapes);
  return { graph: special, feeds, output: special.outputs[index].name, expected: outputs[index] as NpyArray };
}

/** Compares ⟨gradient, direction⟩ with the slope of the score in that direction, by differences of onnxruntime's runs. */
async function check({ graph, feeds, output, expected }: Sample): Promise<void> {
  const wrt = Object.keys(feeds);
  const compiled = gradientGraph(graph, { output, wrt, seed: 'weights' });
  const weights = Array.from({ length: elementCount(expected.shape) }, (_, i) => Math.sin(1 + 2 * i));
  const gradients = await run(compiled.graph, { ...feeds, [compiled.seed]: like(expected, weights) });
  const ways = wrt.map((name, k) => numbers(feeds[name]).map((_, i) => Math.cos(1 + 3 * i + k)));
  let slope = 0;
  let size = 1e-2;
  wrt.forEach((name, k) => {
    numbers(gradients[compiled.gradients.get(name) as string]).forEach((value, i) => {
      slope += value * ways[k][i];
      size += Math.abs(value * ways[k][i]);
    });
  });
  const open = await openGraph(graph);
  const moved = (t: number) =>
    wrt.map((name, k): [string, NpyArray] => {
      const values = numbers(feeds[name]).map((value, i) => value + t * ways[k][i]);
      return [name, like(feeds[name], values)];
    });
  const at = async (t: number): Promise<number> => {
    const results = await open.run(Object.fromEntries(moved(t)), [output]);
    return numbers(results[output]).reduce((sum, value, i) => sum + value * weights[i], 0);
  };
  const h = 2e-3;
  const measured = (8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) / (12 * h);
  await open.release();
  expect(Math.abs(slope - measured) / size, `${slope} by the rules, ${measured} by differences`).toBeLessThan(1e-2);
}

const expectedCode = (name: string): string | undefined =>
  Object.keys(NO_GRADIENT).find((code) => NO_GRADIENT[code].test(name));

describe('gradients of the models of the ONNX project', () => {
  it('are the slopes of what the models compute', async () => {
    const wrong: string[] = [];
    const refused: string[] = [];
    let checked = 0;
    for (const model of [...conformance('node'), ...conformance('simple')]) {
      if (refusalOf(model.name) || UNMEASURABLE.some((pattern) => pattern.test(model.name))) continue;
      try {
        const sample = await sampleOf(model);
        if (!sample) continue;
        await check(sample);
        checked++;
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        if (code !== undefined && code === expectedCode(model.name)) refused.push(model.name);
        else wrong.push(`${model.name}: ${code ?? ''} ${message.slice(0, 200)}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(checked).toBeGreaterThan(550);
    expect(refused.length).toBeGreaterThan(20);
  });
});
