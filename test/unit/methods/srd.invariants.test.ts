import { beforeAll, describe, expect, it } from 'vitest';
import type { FloatArray } from '../../../src/graph/ndarray';
import { prune, valueInfo } from '../../../src/graph/prune';
import type { NpyArray } from '../../../src/inputs/npy';
import { compileSharing } from '../../../src/methods/sharing-ratio/compile';
import { openSharing } from '../../../src/methods/sharing-ratio/explanation';
import { caseNames, loadCase } from '../../support/cases';
import { run } from '../../support/run';
import { testRuntime } from '../../support/runtime';
import { classScore, relativeToMaximum, SRD_DEFAULTS, subjectOf } from '../../support/sharing';

/** Every family with locations: images, volumes, sounds. The others have none or tokens that are chosen by integers. */
const WITHOUT_LOCATIONS = /bert|llama|lstm|gru|tabular/;
const families = caseNames('A-').filter((name) => !WITHOUT_LOCATIONS.test(name));

const options = { head: 'auto', classToken: 'directed', official: false } as const;

async function explained(name: string) {
  const subject = await subjectOf(name);
  const explanation = await openSharing(subject, subject.output, options, testRuntime());
  const target = loadCase(name).expect.find(({ what }) => what === 'grad')?.target;
  const relevance = await explanation.relevance(
    classScore(subject.graph, subject.output, Number(target ?? 0)),
    SRD_DEFAULTS,
  );
  return {
    subject,
    explanation,
    relevance,
    sharing: compileSharing(subject.graph, subject.input, subject.output, options),
  };
}

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, x) => total + x, 0);
const size = (values: ArrayLike<number>): number => Array.from(values).reduce((total, x) => total + Math.abs(x), 0);

/** Index along each axis of the flat position. */
function positionOf(flat: number, dims: readonly number[]): number[] {
  const position: number[] = [];
  for (let axis = dims.length - 1, rest = flat; axis >= 0; axis--) {
    position.unshift(rest % dims[axis]);
    rest = Math.floor(rest / dims[axis]);
  }
  return position;
}

describe.each(families)('%s', (name) => {
  let opened: Awaited<ReturnType<typeof explained>>;
  beforeAll(async () => {
    opened = await explained(name);
  });

  it('has ratios that add up to 1 for every target', async () => {
    const { subject, sharing } = opened;
    const outputs = sharing.ratios.map(({ ratios }) => valueInfo(sharing.graph, ratios));
    const trace = prune({ ...sharing.graph, inputs: subject.graph.inputs, outputs });
    const results = await run(trace, Object.fromEntries(subject.feeds) as Readonly<Record<string, NpyArray>>);
    let worst = 0;
    let dead = 0;
    for (const { ratios } of sharing.ratios) {
      const { data, shape } = results[ratios] as FloatArray;
      const targets = shape.slice(2).reduce((product, dim) => product * dim, 1);
      for (let j = 0; j < targets; j++) {
        let all = 0;
        for (let path = j; path < data.length; path += targets) all += data[path];
        // Targets whose sources are all zero share nothing; what they had is counted as lost.
        if (all === 0) dead++;
        else worst = Math.max(worst, Math.abs(all - 1));
      }
    }
    console.log(
      `${name}: ${sharing.ratios.length} layers, max |Σμ − 1| = ${worst.toExponential(1)}, ${dead} targets without sources`,
    );
    expect(worst).toBeLessThanOrEqual(1e-4);
  });

  it('keeps the sum from the last layer to the input', () => {
    const { relevance } = opened;
    const { expected, actual, residual, lost } = relevance.conservation;
    const scale = Math.max(...[...relevance.maps.values()].map(({ data }) => size(data)));
    console.log(`${name}: Σ ${expected.toFixed(6)} → ${actual.toFixed(6)}, lost ${(lost ?? 0).toExponential(1)}`);
    expect(Math.abs(residual)).toBeLessThanOrEqual(1e-4 * scale);
  });

  it('has PFVs that are made of those of earlier layers and of nothing else', async () => {
    const { explanation } = opened;
    const { layers } = explanation;
    for (const index of new Set([1, layers.length >> 1, layers.length - 1])) {
      const { value, locations } = layers[index];
      const middle = locations.map((dim) => dim >> 1);
      const { shares, kept } = await explanation.sources(value, middle);
      const all = [...shares.values()].reduce((part, { data }) => part + sum(data), kept);
      expect(all).toBeCloseTo(1, 3);
      for (const from of shares.keys()) {
        expect(layers.findIndex((layer) => layer.value === from)).toBeLessThan(index);
      }
    }
  });

  it('has receptive fields that sum to 1 and whose superposition is the map', async () => {
    const { subject, explanation, relevance, sharing } = opened;
    const [last] = [...sharing.head.keys()].flatMap((value) =>
      explanation.layers.filter((layer) => layer.value === value),
    );
    const count = last.locations.reduce((product, dim) => product * dim, 1);
    const map = (relevance.maps.get(subject.input) as FloatArray).data;
    const weights = (relevance.maps.get(last.value) as FloatArray).data;
    const superposed = new Float64Array(map.length);
    const step = Math.ceil(count / 64);
    for (let flat = 0; flat < count; flat += step) {
      const field = await explanation.receptiveField(last.value, positionOf(flat, last.locations));
      if (relevance.conservation.lost === 0)
        expect(Math.abs(sum(field.data) - 1)).toBeLessThanOrEqual(1e-4 * Math.max(1, size(field.data)));
      field.data.forEach((x, i) => {
        superposed[i] += weights[flat] * x;
      });
    }
    if (step > 1 || sharing.head.size > 1) return;
    expect(relativeToMaximum(superposed as unknown as Float32Array, map)).toBeLessThanOrEqual(1e-4);
  });
});
