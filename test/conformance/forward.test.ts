import { describe, expect, it } from 'vitest';
import { PrismError } from '../../src/graph/errors';
import { specialise } from '../../src/graph/specialise';
import type { NpyArray } from '../../src/inputs/npy';
import { type Conformance, conformance, graphOf, refusalOf } from '../support/conformance';
import { run } from '../support/run';

/** Random numbers, of which only the distribution is defined; or data made by another definition than today's. */
const UNDEFINED: readonly RegExp[] = [
  /^node\/test_bernoulli/,
  /^node\/test_training_dropout(_default)?(_mask)?$/,
  // Made before the last sample of a shrunk row lay on the last one of the original.
  /^node\/test_resize_downsample_scales_(cubic|linear)_align_corners$/,
  // Elements that the arrays of Node cannot hold; the shapes stored with them are not the models' either.
  /^node\/test_cast(like)?_(BFLOAT16_to_FLOAT|FLOAT_to_BFLOAT16)(_expanded)?$/,
  // Made as if indices counted in the smaller shape.
  /^node\/test_maxunpool_export_with_output_shape$/,
];

/** Data that was rounded to three or four digits, or computed in less than float32. */
const COARSE = /^node\/test_(blackman|hamming|hann)window|^node\/test_(gridsample_bicubic|roialign)/;

/** Not so for strings, sequences and optional values. */
const isNumeric = (arrays: readonly (NpyArray | undefined)[]): arrays is readonly NpyArray[] =>
  arrays.every((array) => array !== undefined);

const numbers = ({ data }: NpyArray): number[] => Array.from(data as Float32Array, Number);

function expectSame(actual: NpyArray, expected: NpyArray, tolerance: number): void {
  expect([actual.dtype, ...actual.shape]).toEqual([expected.dtype, ...expected.shape]);
  const wanted = numbers(expected);
  const size = Math.max(1, ...wanted.map(Math.abs).filter(Number.isFinite));
  const isWrong = (value: number, i: number): boolean =>
    !Object.is(value, wanted[i]) && value !== wanted[i] && !(Math.abs(value - wanted[i]) <= tolerance * size);
  const wrong = numbers(actual).findIndex(isWrong);
  if (wrong >= 0) expect.fail(`element ${wrong} is ${numbers(actual)[wrong]}, expected ${wanted[wrong]}`);
}

/** Runs a model as imported, and as specialised to the shapes of the data, both written out as ONNX again. */
async function check(model: Conformance, inputs: readonly NpyArray[], outputs: readonly NpyArray[]): Promise<void> {
  const graph = graphOf(model);
  const feeds = Object.fromEntries(graph.inputs.map(({ name }, i) => [name, inputs[i]]));
  const shapes = new Map(graph.inputs.map(({ name }, i) => [name, inputs[i].shape]));
  for (const same of [graph, await specialise(graph, shapes)]) {
    const results = await run(same, feeds);
    same.outputs.forEach(({ name }, i) => {
      if (outputs[i]) expectSame(results[name], outputs[i], COARSE.test(model.name) ? 2e-4 : 1e-5);
    });
  }
}

const MODELS = (['node', 'simple'] as const)
  .flatMap(conformance)
  .filter(({ name }) => !UNDEFINED.some((pattern) => pattern.test(name)))
  .map((model) => ({ model, name: model.name, code: refusalOf(model.name) }));

describe('models of the ONNX project', () => {
  const computed = MODELS.filter(({ code }) => code === undefined);
  const sets = computed.flatMap(({ model, name }) => {
    const outputs = model.outputs();
    return model.inputs().flatMap((inputs, i) => {
      const wanted = outputs[i];
      return isNumeric(inputs) && isNumeric(wanted) ? [{ model, name, inputs, outputs: wanted }] : [];
    });
  });

  it('are here in numbers', () => expect(sets.length).toBeGreaterThan(800));

  it.each(sets)('$name', ({ model, inputs, outputs }) => check(model, inputs, outputs));
});

describe('models that are refused', () => {
  it.each(MODELS.filter(({ code }) => code !== undefined))('$name: $code', async ({ model, code }) => {
    const refused = (async () => {
      const graph = graphOf(model);
      const [inputs] = model.inputs();
      return specialise(graph, new Map(graph.inputs.map(({ name }, i) => [name, inputs[i]?.shape ?? []])));
    })();
    await expect(refused).rejects.toBeInstanceOf(PrismError);
    await expect(refused).rejects.toMatchObject({ code });
  });
});
