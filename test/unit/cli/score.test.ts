import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportModel } from '../../../src/graph/export';
import type { NpyArray } from '../../../src/inputs/npy';
import { writeNpy } from '../../../src/inputs/npy';
import { METRICS } from '../../../src/metrics/index';
import { type Expectation, loadCase } from '../../support/cases';
import { prism, steady } from '../../support/engine/prism';
import { BLUE, colours, RED, SIDE, Workspace } from '../../support/engine/workspace';
import { softmaxAt } from '../../support/metrics';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const npy = (name: string, shape: readonly number[], data: ArrayLike<number>): string =>
  workspace.write(name, writeNpy({ dtype: 'float32', shape, data: Float32Array.from(data) }));

/** One number a pixel of the pictures: 1 where the left half is, 0 elsewhere. */
const LEFT: readonly number[] = Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE < SIDE / 2 ? 1 : 0));

describe('the golden case', () => {
  const golden = loadCase('E-metrics_small_cnn');
  const expectation = (what: string): Expectation => {
    const found = golden.expect.find((other) => other.what === what);
    if (!found) throw new Error(`the case expects no ${what}`);
    return found;
  };

  it('comes out of the program', async () => {
    const stored = (name: string, array: NpyArray): string => workspace.write(name, writeNpy(array));
    const file = (what: string): string => stored(`${what}.npy`, expectation(what).array());
    const { code, out } = await prism(workspace, [
      'score',
      workspace.write('model.onnx', golden.bytes()),
      ...['--input', `input=${stored('input.npy', golden.inputs().input)}`],
      ...['--attribution', file('map'), '--mask', file('mask.hit'), '--target', '5'],
      ...['--metric', METRICS.map(({ info }) => info.id).join(',')],
      ...['--option', 'step=16', '--option', `subsets-file=${file('faith.subsets')}`],
      ...['--option', `noise=${file('maxsens.perturbations')}`, '--json'],
    ]);
    expect(code).toBe(0);
    const { metrics, method, warnings, target } = JSON.parse(out);
    const values = expectation('values').params as Record<string, number>;
    const value = (id: string): number => metrics[id].value;
    for (const [id, name] of [
      ['deletion', 'deletion.auc'],
      ['morf', 'deletion.auc'],
      ['insertion', 'insertion.auc'],
      ['gini', 'sparseness.gini'],
      ['complexity', 'complexity'],
      ['pointing-game', 'pointing.hit'],
      ['attribution-localisation', 'attr_localisation.hit'],
      ['relevance-rank', 'rank_accuracy.hit'],
      ['local-lipschitz', 'local_lipschitz'],
    ]) {
      expect(value(id), id).toBeCloseTo(values[name], 5);
    }
    expect(value('max-sensitivity')).toBeCloseTo(values.max_sensitivity, 4);
    expect(Math.abs(value('faithfulness-correlation') - values.faithfulness_correlation)).toBeLessThan(1e-4);
    expect(metrics.lerf.difference).toBeCloseTo(values.lerf_minus_morf, 5);
    expect(metrics.deletion.curve).toHaveLength(65);
    const { 'token-deletion': ofText, ...others } = metrics;
    expect(ofText).toEqual({ value: null, reason: 'what is explained is no class of a text' });
    expect(Object.keys(others)).toHaveLength(18);
    for (const [id, found] of Object.entries(others))
      expect((found as { value: unknown }).value, id).toBeTypeOf('number');
    const curved = Object.keys(metrics).filter((id) => Array.isArray(metrics[id].curve));
    const steps = ['deletion', 'insertion', 'morf', 'lerf'];
    expect(curved.sort()).toEqual([...steps, 'max-sensitivity', 'local-lipschitz', 'mprt'].sort());
    // The map is positive: its share of positive relevance is its share of relevance.
    expect(value('grid-pointing-game')).toBeCloseTo(value('attribution-localisation'), 12);
    const logits = expectation('forward').array().data as Float32Array;
    expect(target.score).toBeCloseTo(logits[5], 5);
    expect(target.probability).toBeCloseTo(softmaxAt(logits, 5), 5);
    const sum = (expectation('map').array().data as Float32Array).reduce((a, b) => a + b, 0);
    expect(metrics.completeness.sum).toBeCloseTo(sum, 4);
    expect(metrics.completeness.value).toBeCloseTo(Math.abs(sum - metrics.completeness.expected), 10);
    expect(metrics.mprt.curve).toHaveLength(5);
    expect(Math.max(...metrics.mprt.curve.map(Math.abs))).toBeLessThan(0.5);
    expect(method).toEqual({ id: 'gradient', options: {} });
    // The map of the case is no gradient.
    expect(warnings).toMatchObject([{ code: 'METHOD_MISMATCH' }]);
  });
});

describe('score', () => {
  it('tells people what the metrics say', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const { code, out, err } = await prism(workspace, [
      'score',
      workspace.colours(),
      ...['--image', image, '--attribution', npy('a.npy', [SIDE, SIDE], LEFT)],
      ...['--mask', npy('m.npy', [SIDE, SIDE], new Float32Array(SIDE * SIDE)), '--target', 'red'],
      ...['--metric', 'deletion,gini', '--metric', 'pointing-game', '--option', 'deletion.step=64'],
    ]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    // Red pixels go first: the logits are (5, 0, 5), (2.5, 0, 5), (0, 0, 5), (0, 0, 2.5), (0, 0, 0), the probabilities
    // of red 0.4983, 0.0754, 0.0067, 0.0705, 0.3333.
    expect(steady(workspace, out)).toBe(`\
a.npy · colours.onnx · p.png

  deletion ↓       0.14209  █▂▁▂▆
  gini ↑           0.5
  pointing-game ↑  —        the mask is empty

target       red (0), score 5, 49.8 %
attribution  16×16, sum 128, from 0 to 1
provider     cpu
time         N ms
`);
  });

  it('takes masks of the size of the picture, cut and scaled as the picture is', async () => {
    const image = await workspace.picture('p.png', RED, BLUE, 64);
    const half = await workspace.picture('m.png', [255, 255, 255], [0, 0, 0], 64);
    const base = [
      'score',
      workspace.colours(),
      ...['--image', image, '--attribution', npy('a.npy', [1, 1, SIDE, SIDE], LEFT)],
      ...['--metric', 'attribution-localisation', '--json'],
    ];
    const { metrics } = JSON.parse((await prism(workspace, [...base, '--mask', half])).out);
    expect(metrics['attribution-localisation']).toEqual({ value: 1, maskShare: 0.5 });
    const other = await sharp({ create: { width: 20, height: 30, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
    const { code, out } = await prism(workspace, [...base, '--mask', workspace.write('o.png', other)]);
    expect(code).toBe(1);
    const { error } = JSON.parse(out);
    expect(error.code).toBe('MASK_SIZE');
    expect(error.message).toContain('20×30');
    expect(error.message).toContain('16×16');
    expect(error.message).toContain('64×64');
  });

  it('explains again by the method named, and is content where that made the attribution', async () => {
    const image = await workspace.picture('p.png', [200, 0, 0], BLUE);
    const map = workspace.path('g.npy');
    const how = ['--image', image, '--target', 'red'];
    const explained = ['explain', workspace.colours(), ...how, '--method', 'gradient-x-input', '--out', map];
    expect((await prism(workspace, explained)).code).toBe(0);
    const base = ['score', workspace.path('colours.onnx'), ...how, '--attribution', map];
    const asked = ['--metric', 'max-sensitivity,completeness', '--json'];
    const own = JSON.parse((await prism(workspace, [...base, ...asked, '--method', 'gradient-x-input'])).out);
    expect(own.warnings).toBeUndefined();
    expect(own.method.id).toBe('gradient-x-input');
    expect(own.metrics['max-sensitivity'].value).toBeGreaterThan(0);
    // The score is linear in what is shown and 0 without it.
    expect(own.metrics.completeness.value).toBeCloseTo(0, 5);
    const other = await prism(workspace, [...base, '--metric', 'max-sensitivity']);
    expect(other.err).toMatch(/^warning\[METHOD_MISMATCH\]: .*\n$/);
    // Noise brings red into about half of the blue pixels; there the gradient, equal elsewhere, begins to be there.
    const { metrics } = JSON.parse((await prism(workspace, [...base, ...asked])).out);
    expect(metrics['max-sensitivity'].value ** 2).toBeGreaterThan(0.4);
    expect(metrics['max-sensitivity'].value ** 2).toBeLessThan(0.7);
  });

  it('finds the score in every layer of a decomposition', async () => {
    const how = ['--image', await workspace.picture('p.png', RED, BLUE), '--target', 'red'];
    const map = workspace.path('s.npy');
    await prism(workspace, ['explain', workspace.colours(), ...how, '--method', 'srd', '--out', map, '--quiet']);
    const asked = ['--metric', 'completeness', '--option', 'baseline=none', '--method', 'srd', '--json'];
    const { out } = await prism(workspace, [
      'score',
      workspace.path('colours.onnx'),
      ...how,
      '--attribution',
      map,
      ...asked,
    ]);
    const { value, layers } = JSON.parse(out).metrics.completeness;
    expect(value).toBeCloseTo(0, 5);
    expect(Object.keys(layers)).toContain('/act/Relu_output_0');
    for (const residual of Object.values(layers)) expect(residual).toBeCloseTo(0, 5);
  });

  it('takes the probability of a dense output from the positions that count', async () => {
    const side = 4;
    const shape = [1, 3, side, side];
    const data = Float32Array.from({ length: 48 }, (_, i) => Math.sin(i));
    const model = workspace.write(
      'dense.onnx',
      exportModel({
        name: 'dense',
        opsets: { '': 21 },
        inputs: [{ name: 'x', dtype: 'float32', shape }],
        outputs: [{ name: 'classes', dtype: 'float32', shape }],
        initializers: new Map(),
        nodes: [{ op: 'Neg', domain: '', name: 'neg', inputs: ['x'], outputs: ['classes'], attributes: {} }],
        types: new Map(),
        metadata: {},
      }),
    );
    workspace.write('dense.prism.json', JSON.stringify({ task: 'segmentation', output: { kind: 'logits' } }));
    const region = new Float32Array(16);
    region.set([1, 0, 1], 5);
    const { out } = await prism(workspace, [
      'score',
      model,
      ...['--input', `x=${npy('x.npy', shape, data)}`, '--attribution', npy('a.npy', [side, side], data.slice(0, 16))],
      ...['--region', npy('r.npy', [side, side], region), '--target', '1', '--metric', 'gini', '--json'],
    ]);
    const { target } = JSON.parse(out);
    const at = (place: number): number[] => [0, 1, 2].map((channel) => -data[channel * 16 + place]);
    expect(target.score).toBeCloseTo(at(5)[1] + at(7)[1], 5);
    expect(target.probability).toBeCloseTo((softmaxAt(at(5), 1) + softmaxAt(at(7), 1)) / 2, 6);
  });

  it.each([
    [['--metric', 'delection'], 2, 'UNKNOWN_METRIC', 'known: average-drop'],
    [['--metric', 'gini,'], 2, 'USAGE', 'identifiers separated by commas'],
    [['--metric', 'gini,pointing-game'], 2, 'USAGE', 'pointing-game needs to know where the evidence is'],
    [['--metric', 'deletion', '--option', 'steps=3'], 2, 'UNKNOWN_OPTION', 'did you mean step?'],
    [['--metric', 'deletion', '--option', 'gini.step=3'], 2, 'UNKNOWN_OPTION', 'gini.step'],
    [['--metric', 'deletion', '--option', 'step=some'], 2, 'BAD_OPTION', 'option step of deletion'],
    [['--metric', 'mprt', '--method', 'magic'], 2, 'UNKNOWN_METHOD', 'known: srd'],
    [['--metric', 'gini', '--target', 'pink'], 1, 'TARGET_UNKNOWN', 'pink'],
    [['--metric', 'gini', '--attribution', 'none.npy'], 1, 'FILE_NOT_FOUND', 'none.npy'],
    [['--metric', 'pointing-game', '--mask', 'none.npy'], 1, 'FILE_NOT_FOUND', 'none.npy'],
  ])('refuses %j', async (args, code, kind, words) => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const base = ['score', workspace.colours(), '--image', image, '--attribution', npy('a.npy', [SIDE, SIDE], LEFT)];
    const outcome = await prism(workspace, [...base, ...args]);
    expect(outcome.err).toMatch(new RegExp(`^error\\[${kind}\\]: [^\n]*\n$`));
    expect(outcome.err).toContain(words);
    expect(outcome.code).toBe(code);
  });

  it('says that the method that should explain again does not fit, and which do', async () => {
    const graph = colours();
    const [mix, act] = graph.nodes;
    const det = { op: 'Det', domain: '', name: 'strange', inputs: act.outputs, outputs: ['logits'], attributes: {} };
    const odd = workspace.colours('odd.onnx', { ...graph, nodes: [mix, act, det] });
    const image = await workspace.picture('p.png', RED, BLUE);
    const base = ['score', odd, '--image', image, '--attribution', npy('a.npy', [SIDE, SIDE], LEFT)];
    const { code, err } = await prism(workspace, [...base, '--metric', 'deletion,max-sensitivity']);
    expect(code).toBe(1);
    expect(err).toMatch(/^error\[UNSUPPORTED_OPERATOR\]: [^\n]*Det \(node strange\)[^\n]*occlusion, rise, lime/);
    const other = await prism(workspace, [...base, '--metric', 'deletion,max-sensitivity', '--method', 'occlusion']);
    expect(other.code).toBe(0);
  });

  it('refuses attributions that are none', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const base = ['score', workspace.colours(), '--image', image, '--metric', 'gini', '--attribution'];
    const bad = LEFT.with(7, Number.NaN);
    expect((await prism(workspace, [...base, npy('nan.npy', [SIDE, SIDE], bad)])).err).toContain('error[MAP_NAN]');
    const long = await prism(workspace, [...base, npy('long.npy', [SIDE * SIDE], LEFT)]);
    expect(long.err).toContain('error[MAP_SHAPE]');
    expect(long.err).toContain('[1,3,16,16]');
  });
});

describe('metrics', () => {
  it('lists all', async () => {
    const { out } = await prism(workspace, ['metrics']);
    expect(out.split('\n')[0]).toMatch(/^METRIC +BETTER +NEEDS +TITLE$/);
    for (const { info } of METRICS) expect(out).toMatch(new RegExp(`^${info.id} +${info.better} `, 'm'));
    expect(JSON.parse((await prism(workspace, ['metrics', '--json'])).out).metrics).toHaveLength(19);
  });

  it('describes one with its options', async () => {
    const { out } = await prism(workspace, ['metrics', 'insertion']);
    expect(out).toContain('Insertion (insertion): higher is better');
    expect(out).toContain('Needs beside the attribution: model');
    expect(out).toContain('--option start=blur|sampled-blur|baseline  (default: blur)');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});
