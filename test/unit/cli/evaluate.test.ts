import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/engine/engine';
import { evaluate } from '../../../src/engine/evaluation/evaluate';
import type { Entry, Evaluation } from '../../../src/engine/evaluation/evaluation';
import { float32 } from '../../../src/graph/tensor';
import { readNpy } from '../../../src/inputs/npy';
import { cancelled } from '../../../src/rpc';
import { type Outcome, prism, steady } from '../../support/engine/prism';
import { BLUE, type Colour, colours, RED, Workspace } from '../../support/engine/workspace';

const PLANTED = resolve(__dirname, '../../cases/models/planted');
const VGG = join(PLANTED, 'vgg.onnx');

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

/** The first planted pictures with their masks, in a folder of the workspace. */
function pictures(count: number): string {
  const folder = workspace.path('pictures');
  mkdirSync(folder);
  const names = readdirSync(join(PLANTED, 'pictures')).filter((name) => Number(name.slice(0, 3)) < count);
  for (const name of names) {
    if (name.endsWith('.png')) copyFileSync(join(PLANTED, 'pictures', name), join(folder, name));
  }
  return folder;
}

const OUT = 'out';
const ask = (model: string, images: string, ...more: readonly string[]): Promise<Outcome> =>
  prism(workspace, ['evaluate', model, '--images', images, '--out', workspace.path(OUT), ...more]);

const report = (): Evaluation => JSON.parse(readFileSync(workspace.path(`${OUT}/evaluation.json`), 'utf8'));
const lines = (): Entry[] =>
  readFileSync(workspace.path(`${OUT}/results.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('evaluate', () => {
  it('finds where relevance lies, by the numbers of single explanations', async () => {
    const images = pictures(4);
    const index = join(PLANTED, 'pictures', 'index.json');
    const metrics = 'attribution-localisation,pointing-game,gini';
    const how = ['--labels', index, '--method', 'srd,gradient', '--metric', metrics];
    const { code, out, err } = await ask(VGG, images, ...how);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(steady(workspace, out)).toContain(`\
vgg.onnx · DIR/pictures
4 of 4 pictures judged
4 with a label, all classified rightly
4 with a mask, which covers `);
    const names = readdirSync(images).filter((name) => !name.includes('.mask.'));
    const shares: Record<string, number[]> = { srd: [], gradient: [] };
    for (const [method, own] of Object.entries(shares)) {
      for (const name of names) {
        const file = workspace.path('map.npy');
        const path = join(images, name);
        await prism(workspace, ['explain', VGG, '--image', path, '--method', method, '--out', file, '--quiet']);
        const map = readNpy(readFileSync(file));
        const mask = await sharp(path.replace('.png', '.mask.png')).greyscale().raw().toBuffer();
        const sizes = Array.from({ length: 4096 }, (_, i) =>
          Math.abs([i, i + 4096, i + 8192].reduce((sum, at) => sum + Number(map.data[at] ?? 0), 0)),
        );
        const inside = sizes.reduce((sum, size, i) => (mask[i] ? sum + size : sum), 0);
        own.push(inside / sizes.reduce((a, b) => a + b, 0));
      }
    }
    const found = report();
    for (const { id, metrics: own } of found.methods) {
      const mean = shares[id].reduce((a, b) => a + b, 0) / 4;
      const estimate = own['attribution-localisation'];
      expect(estimate?.mean).toBeCloseTo(mean, 5);
      expect(estimate?.low).toBeGreaterThanOrEqual(Math.min(...shares[id]) - 1e-6);
      expect(estimate?.high).toBeLessThanOrEqual(Math.max(...shares[id]) + 1e-6);
      expect(estimate?.low).toBeLessThanOrEqual(mean);
    }
    expect(found.images).toMatchObject({ count: 4, judged: 4, withLabel: 4, withMask: 4, misclassified: 0 });
    const csv = readFileSync(workspace.path(`${OUT}/evaluation.csv`), 'utf8')
      .trimEnd()
      .split('\r\n');
    expect(csv).toHaveLength(9);
    expect(csv[0]).toBe(`image,method,target,probability,predicted,label,explain ms,${metrics}`);
  });

  it('draws curves on a page that needs nothing else', async () => {
    const images = pictures(2);
    const { code } = await ask(VGG, images, '--method', 'gradient,grad-cam', '--option', 'step=512');
    expect(code).toBe(0);
    const page = readFileSync(workspace.path(`${OUT}/report.html`), 'utf8');
    // Deletion and insertion, a line a method each, and the legend.
    expect(page.match(/<polyline /g)).toHaveLength(4);
    expect(page.match(/<figure>/g)).toHaveLength(2);
    expect(page).not.toMatch(/<script|https?:\/\/|<link|src=/);
    // With masks, the usual metrics are these.
    expect(Object.keys(report().metrics)).toEqual([
      ...['average-drop', 'deletion', 'insertion', 'gini'],
      ...['pointing-game', 'attribution-localisation', 'relevance-rank'],
    ]);
  });

  it('does not do again what was done', async () => {
    const images = pictures(3);
    const how = ['--method', 'gradient', '--metric', 'gini'];
    await ask(VGG, images, ...how, '--limit', '2');
    expect(lines()).toHaveLength(2);
    const [first] = lines();
    const told = { ...first, metrics: { gini: { value: 12 } } };
    writeFileSync(workspace.path(`${OUT}/results.jsonl`), `${JSON.stringify(told)}\n{"key":"cut o`);
    await ask(VGG, images, ...how);
    expect(lines()).toHaveLength(3);
    const estimate = report().methods[0].metrics.gini;
    expect(estimate?.count).toBe(3);
    expect(estimate?.high).toBeGreaterThan(4);
    // Another option, another method, another picture under the old name: each is another result.
    await ask(
      VGG,
      images,
      '--method',
      'smoothgrad',
      '--metric',
      'gini',
      '--method-option',
      'samples=2',
      '--limit',
      '1',
    );
    expect(lines()).toHaveLength(4);
    await ask(
      VGG,
      images,
      '--method',
      'smoothgrad',
      '--metric',
      'gini',
      '--method-option',
      'samples=3',
      '--limit',
      '1',
    );
    expect(lines()).toHaveLength(5);
    copyFileSync(join(PLANTED, 'pictures', '005_hexagon.png'), join(images, first.image));
    await ask(VGG, images, ...how, '--limit', '1');
    expect(lines()).toHaveLength(6);
    expect(report().methods[0].metrics.gini?.mean).toBeLessThan(1);
  });

  it('goes on after it was stopped, to the same end', async () => {
    const images = pictures(3);
    const question = {
      images,
      methods: ['gradient', 'srd'],
      metrics: ['deletion', 'grid-pointing-game'],
      options: { step: 512 },
      target: 'label' as const,
      onlyCorrect: false,
    };
    const engine = new Engine({ version: '0' });
    await engine.initialize({ cacheDir: null, provider: 'cpu' });
    try {
      const whole = await evaluate(engine, VGG, { ...question, out: workspace.path('whole') });
      const abort = new AbortController();
      const messages: string[] = [];
      const context = {
        signal: abort.signal,
        progress: ({ message }: { message: string }) => {
          messages.push(message);
          if (messages.length === 4) abort.abort(cancelled());
        },
      };
      const out = workspace.path(OUT);
      await expect(evaluate(engine, VGG, { ...question, out }, context)).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(messages[0]).toMatch(/^1 of 6 · 000_.*\.png · Gradient$/);
      expect(messages[3]).toMatch(/^4 of 6 · 001_.* · .* left$/);
      expect(lines()).toHaveLength(3);
      // What was found until then can be read.
      expect(report().images).toMatchObject({ count: 3, judged: 2 });
      expect(existsSync(workspace.path(`${OUT}/report.html`))).toBe(true);
      const rest = await evaluate(engine, VGG, { ...question, out });
      expect(lines()).toHaveLength(6);
      const values = ({ methods }: Evaluation) => methods.map(({ id, metrics }) => ({ id, metrics }));
      expect(values(rest)).toEqual(values(whole));
    } finally {
      engine.dispose();
    }
  });

  it('tells of what is broken and goes on', async () => {
    const images = pictures(2);
    workspace.write('pictures/broken.png', 'this is no picture');
    await workspace.picture('pictures/odd.png', RED, BLUE, 64);
    await workspace.picture('pictures/odd.mask.png', RED, BLUE, 20);
    const labels = workspace.write('labels.csv', '000_striped-disc.png,striped disc\n001_hexagon.png,unicorn\n');
    const how = ['--labels', labels, '--method', 'gradient', '--metric', 'gini,pointing-game'];
    const { code, err } = await ask(VGG, images, ...how);
    expect(code).toBe(0);
    expect(err.trimEnd().split('\n').sort()).toEqual([
      expect.stringMatching(/^warning\[IMAGE_\w+\]: broken\.png: /),
      expect.stringMatching(/^warning\[MASK_SIZE\]: odd\.png: /),
      expect.stringMatching(/^warning\[TARGET_UNKNOWN\]: 001_hexagon\.png: .*unicorn/),
    ]);
    const { images: counts, failures } = report();
    expect(counts).toMatchObject({ count: 4, judged: 1 });
    expect(failures).toHaveLength(3);
    expect(readFileSync(workspace.path(`${OUT}/report.html`), 'utf8')).toContain('What did not work');
  });

  it('fails where every picture is broken', async () => {
    workspace.write('shown/a.png', 'this is no picture');
    workspace.write('shown/b.jpg', '');
    const { code, err } = await ask(workspace.colours(), workspace.path('shown'), '--method', 'gradient');
    expect(code).toBe(1);
    const [first, second, last] = err.trimEnd().split('\n');
    expect([first, second]).toEqual([
      expect.stringMatching(/^warning\[IMAGE_\w+\]: a\.png: /),
      expect.stringMatching(/^warning\[\w+\]: b\.jpg: /),
    ]);
    expect(last).toMatch(/^error\[NOTHING_JUDGED\]: none of 2 pictures could be judged; the first failure, a\.png: /);
  });

  it('explains the picture’s own class or the chosen one, and may leave out the misclassified', async () => {
    const model = workspace.colours();
    await colourPicture('a.png', RED);
    await colourPicture('b.png', BLUE);
    const images = workspace.path('shown');
    const labels = workspace.write('l.csv', 'a.png,red\nb.png,green\n');
    const how = ['--labels', labels, '--method', 'gradient', '--metric', 'gini'];
    await ask(model, images, ...how);
    expect(lines().map(({ target }) => target?.label)).toEqual(['red', 'green']);
    expect(report().images).toMatchObject({ withLabel: 2, misclassified: 1, leftOut: 0, judged: 2 });
    await ask(model, images, ...how, '--explain', 'predicted');
    expect(lines().map(({ target }) => target?.label)).toEqual(['red', 'green', 'blue']);
    const { out } = await ask(model, images, ...how, '--only-correct');
    expect(report().images).toMatchObject({ misclassified: 1, leftOut: 1, judged: 1 });
    expect(out).toContain('2 with a label, 1 misclassified, 1 left out');
  });

  it('plays the grid pointing game on mosaics of four classes', async () => {
    // Takes pictures of any size; a fourth class is yellow, for which red and green speak.
    const kernel = [1, -1, -1, -1, 1, -1, -1, -1, 1, 0.7, 0.7, -1];
    const model = workspace.colours(
      'any.onnx',
      colours(10, {
        inputs: [{ name: 'image', dtype: 'float32', shape: ['batch', 3, 'height', 'width'] }],
        outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 4] }],
        initializers: new Map([
          ['kernel', float32(kernel, [4, 3, 1, 1])],
          ['bias', float32([0, 0, 0, 0])],
        ]),
      }),
    );
    const how = ['--method', 'gradient-x-input', '--metric', 'grid-pointing-game'];
    for (const [index, colour] of [RED, BLUE, [0, 255, 0] as Colour].entries())
      await colourPicture(`${index}.png`, colour);
    await ask(model, workspace.path('shown'), ...how);
    // Three classes are too few.
    expect(report().methods[0].metrics['grid-pointing-game']).toBeNull();
    await colourPicture('3.png', [255, 255, 0]);
    await ask(model, workspace.path('shown'), ...how);
    const [{ image: name, metrics: known }] = lines().filter(({ target }) => target === undefined);
    // The surest first: yellow by logits of 14 against 0, blue by 10 against 0, red and green by 10 against 7.
    expect(name).toBe('3.png | 1.png | 0.png | 2.png');
    // Yellow’s evidence lies to a half in its own tile, and in those of red and green.
    const shares = (known['grid-pointing-game'].tiles as number[]).map((share) => Number(share.toFixed(5)));
    expect(shares).toEqual([0.5, 1, 1, 1]);
    const four = await ask(VGG, pictures(12), ...how.slice(0, 1), 'srd', ...how.slice(2));
    expect(four.code).toBe(0);
    const mosaics = lines().filter(({ target }) => target === undefined);
    expect(mosaics.length).toBeGreaterThan(0);
    for (const { image, metrics } of mosaics) {
      expect(image.split(' | ')).toHaveLength(4);
      const { value, tiles } = metrics['grid-pointing-game'] as { value: number; tiles: number[] };
      expect(tiles).toHaveLength(4);
      expect(value).toBeCloseTo(tiles.reduce((a, b) => a + b, 0) / 4, 10);
    }
    // By chance it would be a quarter.
    expect(report().methods[0].metrics['grid-pointing-game']?.mean).toBeGreaterThan(0.4);
  });

  describe('of a model with an operator that has no gradient', () => {
    const determinants = (): string => {
      const graph = colours();
      const [mix, act] = graph.nodes;
      const det = { op: 'Det', domain: '', name: 'strange', inputs: act.outputs, outputs: ['logits'], attributes: {} };
      return workspace.colours('odd.onnx', { ...graph, nodes: [mix, act, det] });
    };
    const how = ['--metric', 'complexity', '--method'];

    it('says which methods do not fit before any runs, and judges the others', async () => {
      await colourPicture('a.png', RED);
      await colourPicture('b.png', BLUE);
      const order: string[] = [];
      const place = {
        errIsTerminal: true,
        err: (text: string) => void order.push(text),
      };
      const args = ['evaluate', determinants(), '--images', workspace.path('shown'), '--out', workspace.path(OUT)];
      const { code } = await prism(workspace, [...args, ...how, 'occlusion,gradient'], place);
      expect(code).toBe(0);
      const said = order.join('');
      const warning = said.indexOf('warning[UNSUPPORTED_OPERATOR]: gradient: ');
      expect(said.slice(warning)).toMatch(/^[^\n]*Det \(node strange\)[^\n]*occlusion, rise/);
      expect(said.lastIndexOf('warning[')).toBe(warning);
      expect(said.indexOf('1 of 4 · a.png · Occlusion')).toBeGreaterThan(warning);
      expect(report().methods.map(({ id, explainMs }) => [id, explainMs === null])).toEqual([
        ['occlusion', false],
        ['gradient', true],
      ]);
    });

    it('fails where no method fits, and offers those that do', async () => {
      await colourPicture('a.png', RED);
      const { code, err } = await ask(determinants(), workspace.path('shown'), ...how, 'gradient,integrated-gradients');
      expect(code).toBe(1);
      expect(err).toMatch(/^error\[UNSUPPORTED_OPERATOR\]: [^\n]*Det \(node strange\)[^\n]*\n$/);
      const offered = err.slice(err.indexOf('what fits this model: ')).trimEnd().split(': ')[1].split(', ');
      expect(offered).toEqual(expect.arrayContaining(['occlusion', 'rise', 'lime', 'kernel-shap']));
      expect(offered).not.toContain('grad-cam');
      expect(existsSync(workspace.path(OUT))).toBe(false);
    });
  });

  it('leaves pictures with empty masks or none out of the means that need masks', async () => {
    const images = pictures(2);
    const [first, second] = readdirSync(images).filter((name) => !name.includes('.mask.'));
    const empty = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'black' } })
      .png()
      .toBuffer();
    writeFileSync(join(images, first.replace('.png', '.mask.png')), empty);
    copyFileSync(join(images, second), join(images, '9-without.png'));
    const metrics = ['attribution-localisation', 'pointing-game', 'relevance-rank'];
    const how = ['--method', 'grad-cam', '--metric', ['gini', ...metrics].join(',')];
    const { code, out, err } = await ask(VGG, images, ...how);
    // Nobody has said of which classes they are.
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('explained: the class the model chose');
    const found = Object.fromEntries(lines().map(({ image, metrics: own }) => [image, own]));
    for (const metric of metrics) {
      expect(found[first][metric]).toEqual({ value: null, reason: 'the mask is empty' });
      expect(found['9-without.png'][metric]).toEqual({ value: null, reason: 'the picture has no mask' });
      expect(report().methods[0].metrics[metric]).toMatchObject({ count: 1, mean: found[second][metric].value });
    }
    expect(report().methods[0].metrics.gini?.count).toBe(3);
    expect(report().images).toMatchObject({ judged: 3, withLabel: 0, withMask: 2 });
  });

  it.each([
    [['--method', 'magic'], 'UNKNOWN_METHOD', 2],
    [['--method', 'gradient', '--metric', 'magic'], 'UNKNOWN_METRIC', 2],
    [['--method', 'gradient', '--metric', 'gini', '--option', 'step=2'], 'UNKNOWN_OPTION', 2],
    [['--method', 'gradient', '--method-option', 'samples=2'], 'UNKNOWN_OPTION', 2],
    [['--method', 'gradient', '--explain', 'both'], 'USAGE', 2],
    [['--method', 'gradient', '--masks', 'nowhere'], 'FILE_NOT_FOUND', 1],
    [['--method', 'gradient', '--out', '/dev/null/out'], 'FILE_UNWRITABLE', 1],
  ])('refuses %j before it begins', async (args, kind, code) => {
    await colourPicture('a.png', RED);
    const outcome = await ask(workspace.colours(), workspace.path('shown'), ...args);
    expect(outcome.err).toMatch(new RegExp(`^error\\[${kind}\\]: [^\n]*\n$`));
    expect(outcome.code).toBe(code);
    expect(existsSync(workspace.path(OUT))).toBe(false);
  });
});

const colourPicture = (name: string, colour: Colour): Promise<string> =>
  workspace.picture(`shown/${name}`, colour, colour);
