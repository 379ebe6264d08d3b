import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { interpolateRdBu } from 'd3-scale-chromatic';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { readNpy } from '../../src/inputs/npy';
import type { PanelDriver } from '../support/panel-driver';
import { explained } from '../support/vscode/explained';
import { useWorkbench } from '../support/vscode/use-workbench';
import { until } from '../support/vscode/wait';

/** A photograph explained as a person does it, in a real VS Code with the real engine, held against a golden case. */

const golden = path.resolve(import.meta.dirname, '../cases/golden/srd-lite0-chelsea');
const values = (file: string): Float32Array =>
  readNpy(readFileSync(path.join(golden, `${file}.npy`))).data as Float32Array;

const input = { width: 224, height: 224 };
const layer = { id: '/_blocks.9/Add_output_0', width: 14, height: 14 };
const photograph = 'imagenet/photographs/chelsea.png';

const largest = (data: Float32Array): number => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** What RdBu gives a value: red for positive ones. */
function colourOf(value: number, scale: number): number[] {
  const css = interpolateRdBu(0.5 - value / scale / 2);
  return css.match(/\d+/g)!.map(Number);
}

/** Waits until the pixels of a map have the colours of an array, at many places and at its strongest. */
async function hasColoursOf(panel: PanelDriver, data: Float32Array): Promise<void> {
  const places = Array.from({ length: 80 }, (_, i) => [(i * 37) % 224, (i * 53) % 224] as const);
  const scale = largest(data);
  const strongest = data.findIndex((value) => Math.abs(value) === scale);
  places.push([strongest % 224, Math.floor(strongest / 224)]);
  await until('the colours of the golden map', async () => {
    const pixels = await panel.pixels('map', input, places);
    for (const [i, [x, y]] of places.entries()) {
      const expected = colourOf(data[y * 224 + x]!, scale);
      const off = Math.max(...expected.map((value, channel) => Math.abs(value - pixels[i]![channel]!)));
      if (off > 4) throw new Error(`at ${x}, ${y}: ${pixels[i]} instead of ${expected}`);
    }
    return true;
  });
}

describe('explaining a photograph', () => {
  const workbench = useWorkbench(() => ({ workspace: 'media/sample', settings: { 'modelPrism.provider': 'cpu' } }));
  let panel: PanelDriver;

  test('by its menu in the Explorer paints what sets the top class apart', async () => {
    await workbench().contextMenu(photograph, 'Explain with Model Prism');
    panel = await explained(workbench(), 'class:282');
    await workbench().page.getByRole('tab', { name: 'chelsea.png' }).waitFor();
    await panel.frame.getByRole('button', { name: 'side by side' }).click();
    await panel.canvas('photograph').waitFor();
    await panel.slide('Smoothing', 0);
    await hasColoursOf(panel, values('srd.class.contrastive.282'));
  });

  test('without contrast paints all that the score is made of', async () => {
    await panel.frame.locator('vscode-checkbox[data-option="contrastive"]').click();
    await hasColoursOf(panel, values('srd.class.282'));
  });

  test('tells classes, scores and how well the parts add up', async () => {
    const rows = await panel.frame.locator('prism-classes [role="option"]').allInnerTexts();
    // metrics.json of the model: 0.3851, 0.3627, 0.1672, 0.017, 0.0014
    expect(rows.map((row) => row.split('\n').filter(Boolean)).map(([label, , share]) => `${label} ${share}`)).toEqual([
      'tiger cat 39 %',
      'Egyptian cat 36 %',
      'tabby 17 %',
      'lynx 1.7 %',
      'window screen 0.1 %',
    ]);
    const facts = await panel.text('prism-facts');
    expect(facts).toContain('efficientnet-lite0.onnx');
    expect(facts).toContain('cpu');
    const [, sum, score, residual] = /(9\.\d+) = [^0-9]*(9\.\d+).*residual (-?[\d.]+(?:e-?\d+)?)/.exec(facts)!;
    expect(Number(score)).toBeCloseTo(9.214976845180228, 3);
    expect(Number(sum)).toBeCloseTo(Number(score), 3);
    expect(Math.abs(Number(residual))).toBeLessThan(1e-4 * 9.21);
    expect(await workbench().status(/efficientnet-lite0 · cpu/)).toBeTruthy();
  });

  test('a click on another class explains that one', async () => {
    await panel.frame.locator('[data-class="285"]').click();
    await panel.painted('map', 'class:285');
    await hasColoursOf(panel, values('srd.class.285'));
    await panel.announced('Explained as Egyptian cat');
    await panel.frame.locator('[data-class="282"]').click();
    await panel.painted('map', 'class:282');
    await panel.frame.getByRole('button', { name: 'side by side' }).click();
  });

  test('a layer opens to the relevance of its PFVs', async () => {
    const data = values('srd.layer.4.282');
    await panel.layer(layer.id).click();
    await panel.painted('grid', `layer:${layer.id}`);
    const most = data.indexOf(largest(data));
    await panel.pointAt('grid', layer, most % 14, Math.floor(most / 14));
    const readout = panel.frame.locator('prism-readout');
    await readout.getByText(`PFV ${most % 14}, ${Math.floor(most / 14)}`).waitFor();
    const shown = Number(/relevance ([-+][\d.e-]+)/.exec(await panel.text('prism-readout'))![1]);
    expect(Math.abs(shown - data[most]!)).toBeLessThan(2e-4 * data[most]!);
  });

  test('pointing at a PFV shows what it sees, and where', async () => {
    await panel.pointAt('grid', layer, 4, 6);
    await panel.painted('map', `erf:${layer.id}@6,4`);
    // An ERF lies around the place of its PFV: the middle of its mass must not be far from there.
    const centre = await panel.canvas('map').evaluate((canvas: HTMLCanvasElement) => {
      const [left, top, width, height] = canvas.dataset.area!.split(' ').map(Number);
      const { data } = canvas.getContext('2d')!.getImageData(left!, top!, width!, height!);
      let [mass, x, y] = [0, 0, 0];
      for (let i = 0; i < data.length; i += 4) {
        const red = Math.max(0, data[i]! - (data[i + 1]! + data[i + 2]!) / 2 - 40);
        const at = i / 4;
        mass += red;
        x += red * (at % Math.trunc(width!));
        y += red * Math.floor(at / Math.trunc(width!));
      }
      return { mass, x: x / mass / width!, y: y / mass / height! };
    });
    expect(centre.mass).toBeGreaterThan(0);
    expect(Math.abs(centre.x - 4.5 / 14)).toBeLessThan(0.2);
    expect(Math.abs(centre.y - 6.5 / 14)).toBeLessThan(0.2);
    await panel.pointAt('grid', layer, 9, 9);
    await panel.painted('map', `erf:${layer.id}@9,9`);
    await workbench().page.mouse.move(5, 5);
    await panel.painted('map', 'class:282');
  });

  test('pointing at the photograph lights up the PFVs that draw on the place', async () => {
    await panel.pointAt('map', input, 120, 40);
    await panel.painted('grid', `readers:${layer.id}@40,120`);
    // 16 input pixels a PFV: what reads a place lies around it, and far away nothing does.
    const [near, far] = await panel.pixels('grid', layer, [
      [7, 2],
      [1, 12],
    ]);
    expect(near!.slice(0, 3)).not.toEqual(far!.slice(0, 3));
    await workbench().page.mouse.move(5, 5);
    await panel.painted('grid', `layer:${layer.id}`);
    await panel.frame.locator('body').press('Backspace');
    await panel.canvas('grid').waitFor({ state: 'detached' });
  });

  test('exports the picture, the raw values and the report', async () => {
    const exported = async (item: string, extension: string): Promise<string> => {
      await panel.frame.getByRole('button', { name: 'Export' }).click();
      await panel.frame.getByRole('menuitem', { name: item }).click();
      const file = path.join(workbench().folder, `imagenet/photographs/chelsea.srd.tiger-cat.${extension}`);
      // The dialog proposes a name beside the photograph; Enter accepts it.
      await until(
        `${extension} to be written`,
        async () => {
          if (existsSync(file) && statSync(file).size > 0) return true;
          await workbench().page.locator('.quick-input-widget input.input').press('Enter', { timeout: 1000 });
          return false;
        },
        { every: 500 },
      );
      return file;
    };
    const { shape, data } = readNpy(readFileSync(await exported('Raw values', 'npy')));
    expect(shape.slice(-2)).toEqual([224, 224]);
    const expected = values('srd.class.282');
    const off = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (data[i] as number))), 0);
    expect(off / largest(expected)).toBeLessThan(1e-4);
    const report = JSON.parse(readFileSync(await exported('Report (JSON)', 'json'), 'utf8')) as {
      target: { index: number; label: string };
      provider: string;
      conservation: { residual: number };
    };
    expect(report.target).toMatchObject({ index: 282, label: 'tiger cat' });
    expect(report.provider).toBe('cpu');
    expect(Math.abs(report.conservation.residual)).toBeLessThan(1e-3);
    const picture = sharp(await exported('Picture', 'png'));
    const { width, height } = await picture.metadata();
    expect(Math.min(width, height)).toBeGreaterThan(200);
    const { channels } = await picture.stats();
    expect(channels[0]!.stdev).toBeGreaterThan(10);
  });

  test('copies the picture', async () => {
    await panel.frame.getByRole('button', { name: 'Copy the picture' }).click();
    await panel.announced('The picture was copied.');
  });
});
