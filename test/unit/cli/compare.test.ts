import { existsSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeNpy } from '../../../src/inputs/npy';
import { prism, steady } from '../../support/engine/prism';
import { BLUE, colours, RED, SIDE, Workspace } from '../../support/engine/workspace';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const ask = (...args: readonly string[]) => prism(workspace, ['compare', ...args]);

/** The mean colour of a part of the picture that was written. */
async function colourAt(left: number, top: number, side = 40): Promise<number[]> {
  const part = sharp(workspace.path('c.png')).extract({ left, top, width: side, height: side });
  return (await sharp(await part.png().toBuffer()).stats()).channels.map(({ mean }) => mean);
}

describe('compare', () => {
  it('puts the photograph and the maps into one picture', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const out = workspace.path('c.png');
    const args = ['--image', image, '--target', 'red', '--out', out, '--columns', '2'];
    const found = await ask(workspace.colours(), ...args, '--method', 'srd,gradient', '--method', 'gradient-x-input');
    expect({ code: found.code, err: found.err }).toEqual({ code: 0, err: '' });
    expect(steady(workspace, found.out)).toContain(`
target    red (0), score 5
provider  cpu
written   DIR/c.png
`);
    // Two rows of two squares of 320 pixels, with words under them and room between.
    const { width, height, format } = await sharp(out).metadata();
    expect([format, width, height]).toEqual(['png', 3 * 16 + 2 * 320, 16 + 2 * (320 + 44 + 16)]);
    const [red, , blue] = await colourAt(60, 60);
    expect(red).toBeGreaterThan(250);
    expect(blue).toBeLessThan(5);
    // Beside it: relevance for red over the red half; the blue half shows through faded.
    const [mapRed, mapGreen, mapBlue] = await colourAt(336 + 16 + 60, 60);
    expect(mapRed).toBeGreaterThan(Math.max(mapGreen, mapBlue) + 80);
    const [otherRed, , otherBlue] = await colourAt(336 + 16 + 240, 60);
    expect(otherBlue).toBeGreaterThan(otherRed + 80);
    // Words are drawn where there are fonts; the place for them is white.
    expect((await colourAt(16, 16 + 320 + 2, 12)).every((mean) => mean > 250)).toBe(true);
  });

  it('tells programs one JSON object, options by method', async () => {
    const data = new Float32Array(3 * SIDE * SIDE).fill(0.5, SIDE * SIDE);
    const array = workspace.write('a.npy', writeNpy({ dtype: 'float32', shape: [1, 3, SIDE, SIDE], data }));
    const methods = ['--method', 'srd,smoothgrad', '--method-option', 'smoothgrad.samples=2', '--json'];
    const out = workspace.path('c.png');
    const found = await ask(workspace.colours(), '--input', `image=${array}`, ...methods, '--out', out);
    const { target, methods: own, failures } = JSON.parse(found.out);
    expect(target).toEqual({ index: 1, label: 'green', score: 5 });
    expect(failures).toEqual([]);
    expect(own.map(({ method }: { method: string }) => method)).toEqual(['srd', 'smoothgrad']);
    expect(own[1].options.samples).toBe(2);
    expect(own[0].attribution.sum).toBeCloseTo(5, 5);
    expect((await sharp(out).metadata()).width).toBe(3 * 16 + 2 * 320);
  });

  it('leaves out what fails, and fails where nothing is left', async () => {
    const graph = colours();
    const nodes = graph.nodes.map((node) => (node.op === 'Relu' ? { ...node, op: 'Det', name: 'strange' } : node));
    const flat = { ...graph.nodes[3], op: 'Identity', attributes: {}, inputs: ['/act/Relu_output_0'] };
    const odd = workspace.colours('odd.onnx', { ...graph, nodes: [...nodes.slice(0, 2), flat] });
    const args = ['--image', await workspace.picture('p.png', RED, BLUE), '--out', workspace.path('c.png')];
    const none = await ask(odd, ...args, '--method', 'gradient');
    expect(none.code).toBe(1);
    expect(none.err).toContain('error[UNSUPPORTED_OPERATOR]');
    expect(existsSync(workspace.path('c.png'))).toBe(false);
    const some = await ask(odd, ...args, '--method', 'gradient,occlusion');
    expect(some.code).toBe(0);
    expect(some.err).toMatch(/^warning\[UNSUPPORTED_OPERATOR\]: gradient: .*\n$/);
    expect(readFileSync(workspace.path('c.png')).length).toBeGreaterThan(1000);
  });

  it.each([
    [['--method', 'magic', '--out', 'c.png'], 'UNKNOWN_METHOD'],
    [['--method', 'srd', '--out', 'c.gif'], 'USAGE'],
    [['--method', 'srd', '--out', 'c.png', '--method-option', 'hed=gap'], 'UNKNOWN_OPTION'],
    [['--method', 'srd', '--out', 'c.png', '--score', 'y[0]', '--target', '1'], 'USAGE'],
  ])('refuses %j', async (args, kind) => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const { code, err } = await ask(workspace.colours(), '--image', image, ...args);
    expect(err).toMatch(new RegExp(`^error\\[${kind}\\]: [^\n]*\n$`));
    expect(code).toBe(2);
  });
});
