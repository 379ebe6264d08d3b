import { readFileSync } from 'node:fs';
import path from 'node:path';
import { interpolateRdBu, interpolateViridis } from 'd3-scale-chromatic';
import { beforeEach, describe, expect, test } from 'vitest';
import { readNpy } from '../../src/inputs/npy';
import { barriers } from '../support/accessibility';
import { type PanelOptions, type PanelPage, useDemo } from '../support/panel-demo/panel-page';
import { until } from '../support/vscode/wait';

/** The panel in a browser with a fake host that holds golden maps: pixels and numbers against those files. */

const golden = path.resolve(import.meta.dirname, '../cases/golden/srd-lite0-chelsea');
const values = (file: string): Float32Array =>
  readNpy(readFileSync(path.join(golden, `${file}.npy`))).data as Float32Array;

const input = { width: 224, height: 224 };
const layer = { id: '/_blocks.9/Add_output_0', width: 14, height: 14 };

const rgb = (css: string): number[] =>
  css.startsWith('#')
    ? [1, 3, 5].map((at) => Number.parseInt(css.slice(at, at + 2), 16))
    : css.match(/\d+/g)!.map(Number);

/** Positive values red: the turned scale of d3. */
const diverging = (value: number, scale: number): number[] => rgb(interpolateRdBu(0.5 - value / scale / 2));

const largest = (data: Float32Array): number => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function strongest(data: Float32Array, width: number): [number, number] {
  const most = largest(data);
  const index = data.findIndex((value) => Math.abs(value) === most);
  return [index % width, Math.floor(index / width)];
}

const openPage = useDemo();
let panel: PanelPage;

const open = async (options?: PanelOptions): Promise<void> => {
  panel = await openPage(options);
};

describe('the class map', () => {
  beforeEach(async () => {
    await open();
    await panel.painted('map', 'class:282');
  });

  test('has the colour of every value, positive red and negative blue', async () => {
    const data = values('srd.class.282');
    await panel.page.getByRole('button', { name: 'side by side' }).click();
    await panel.canvas('photograph').waitFor();
    await panel.slide('Smoothing', 0);
    await panel.repainted('map', () =>
      panel.page
        .getByRole('button', { name: /^Fit/ })
        .press('Enter')
        .then(() => panel.slide('Opacity', 0.9)),
    );
    const places = Array.from({ length: 60 }, (_, i) => [(i * 37) % 224, (i * 53) % 224] as const);
    places.push(strongest(data, 224));
    await until('the raw map', async () => {
      const pixels = await panel.pixels('map', input, places);
      for (const [i, [x, y]] of places.entries()) {
        const expected = diverging(data[y * 224 + x]!, largest(data));
        for (const [channel, value] of expected.entries()) {
          if (Math.abs(pixels[i]![channel]! - value) > 3) {
            throw new Error(`at ${x}, ${y}: ${pixels[i]} instead of ${expected}`);
          }
        }
      }
      return true;
    });
  });

  test('is told with target, score, conservation, time, provider and guessed settings', async () => {
    const text = await panel.text('prism-facts');
    expect(text).toContain('model.onnx');
    expect(text).toContain('cpu');
    expect(text).toContain('84 ms');
    expect(text).toMatch(/sum of relevance 9\.2150 = logit 9\.2150 \(residual -?\d(\.\d)?e-\d\d?\)/);
    expect(text).toContain('3 of 5 settings were guessed.');
    await panel.page.getByRole('button', { name: 'Write them to a file' }).click();
    await until('the request', async () => (await panel.calls('writeConfig')).length === 1);
    await panel.announced('Explained as tiger cat, score 9.215');
  });

  test('shows the numbers under the pointer', async () => {
    const data = values('srd.class.282');
    await panel.pointAt('map', input, 100, 60);
    const value = data[60 * 224 + 100]!;
    const readout = panel.page.locator('prism-readout');
    await readout.getByText('input 100, 60').waitFor();
    const text = await panel.text('prism-readout');
    const shown = /relevance ([-+][\d.e-]+)/.exec(text);
    expect(Number(shown![1])).toBe(Number(value.toPrecision(4)));
    // 94.25 + 100.5 · 262.5/224 = 212.0 and 18.75 + 60.5 · 262.5/224 = 89.6
    expect(text).toContain('photograph 212, 89');
    expect(text).toMatch(/RGB \d+ \d+ \d+/);
  });

  test('is read by the keyboard, value by value', async () => {
    const data = values('srd.class.282');
    await panel.canvas('map').focus();
    await panel.page.keyboard.press('ArrowRight');
    await panel.announced('input 112, 112');
    await panel.page.keyboard.press('Shift+ArrowLeft');
    await panel.page.keyboard.press('ArrowUp');
    await panel.announced('input 102, 111');
    const spoken = await panel.page.getByRole('status').innerText();
    expect(Number(/relevance ([-+][\d.e-]+)/.exec(spoken)![1])).toBe(Number(data[111 * 224 + 102]!.toPrecision(4)));
  });

  test('is described in words', async () => {
    await panel.canvas('map').focus();
    const [x, y] = strongest(values('srd.class.282'), 224);
    const description = panel.page.locator('prism-pane[pane="map"] #description');
    await description.filter({ hasText: `at column ${x}, row ${y}.` }).waitFor({ state: 'attached' });
    expect(await description.innerText()).toContain('224 × 224 values, sum 9.215.');
  });

  test('changes its looks, not its numbers', async () => {
    const before = (await panel.pixels('map', input, [[112, 112]]))[0];
    await panel.repainted('map', () => panel.choose('Colours', 'PiYG'));
    expect((await panel.pixels('map', input, [[112, 112]]))[0]).not.toEqual(before);
    await panel.repainted('map', () => panel.choose('Scale', '99.5 %'));
    await panel.repainted('map', () => panel.slide('Opacity', 0));
    const [bare] = await panel.pixels('map', input, [[112, 112]]);
    await panel.pointAt('map', input, 112, 112);
    const text = await panel.text('prism-readout');
    const colour = /RGB\s+(\d+) (\d+) (\d+)/.exec(text)!.slice(1).map(Number);
    for (const [channel, value] of colour.entries()) expect(Math.abs(bare![channel]! - value)).toBeLessThan(40);
  });

  test('zooms in where the pointer is and fits again', async () => {
    const area = await panel.area('map');
    await panel.pointAt('map', input, 50, 50);
    await panel.repainted('map', () => panel.page.mouse.wheel(0, -400));
    await until('the zoom', async () => Math.abs((await panel.area('map')).width / area.width - 4) < 0.01);
    await panel.page.locator('prism-readout').getByText('input 50, 50').waitFor();
    await panel.canvas('map').focus();
    await panel.repainted('map', () => panel.page.keyboard.press('0'));
    expect((await panel.area('map')).width).toBeCloseTo(area.width, 3);
  });
});

describe('classes', () => {
  beforeEach(async () => {
    await open();
    await panel.painted('map', 'class:282');
  });

  test('are listed with scores and probabilities, the explained one marked', async () => {
    const rows = panel.page.locator('prism-classes [role="option"]');
    const text = (await rows.allInnerTexts()).map((row) => row.split('\n').filter(Boolean));
    // metrics.json of the model: 0.3851, 0.3627, 0.1672, 0.017, 0.0014
    expect(text.map(([label, , share]) => `${label} ${share}`)).toEqual([
      'tiger cat 39 %',
      'Egyptian cat 36 %',
      'tabby 17 %',
      'lynx 1.7 %',
      'window screen 0.1 %',
    ]);
    expect(text[0]![1]).toBe('9.21');
    expect(await rows.evaluateAll((all) => all.map((row) => row.getAttribute('aria-selected')))).toEqual([
      'true',
      ...new Array(4).fill('false'),
    ]);
  });

  test('a click explains another, by mouse and by keyboard', async () => {
    await panel.page.locator('[data-class="285"]').click();
    await panel.painted('map', 'class:285');
    await panel.announced('Explained as Egyptian cat');
    await panel.page.locator('[data-class="285"]').press('ArrowUp');
    await panel.page.keyboard.press('Enter');
    await panel.painted('map', 'class:282');
    expect(await panel.calls('explainTarget')).toEqual([{ index: 285 }, { index: 282 }]);
  });

  test('the contrastive switch subtracts what all have in common', async () => {
    const data = values('srd.class.contrastive.282');
    await panel.page.locator('vscode-checkbox[data-option="contrastive"]').click();
    await until('the request', async () => (await panel.calls('setOptions')).length === 1);
    expect(await panel.calls('setOptions')).toMatchObject([
      { options: { head: 'auto', contrastive: true, official: false } },
    ]);
    const [x, y] = [195, 95];
    await panel.pointAt('map', input, x, y);
    await until('the contrastive value', async () => {
      await panel.page.mouse.move(5, 400);
      await panel.pointAt('map', input, x, y);
      const text = await panel.text('prism-readout');
      return Math.abs(Number(/relevance\s+([-+][\d.e-]+)/.exec(text)![1]) - data[y * 224 + x]!) < 1e-8;
    });
  });
});

describe('layers', () => {
  beforeEach(async () => {
    await open();
    await panel.painted('map', 'class:282');
  });

  test('have names, shapes and maps', async () => {
    const text = await panel.layer(layer.id).innerText();
    expect(text).toContain('_blocks.9.Add');
    expect(text).toContain('1 × 112 × 14 × 14');
    const thumbnail = panel.layer(layer.id).locator('canvas[data-painted]');
    await thumbnail.waitFor();
    const data = values('srd.layer.4.282');
    const [x, y] = strongest(data, 14);
    const pixel = await thumbnail.evaluate(
      (canvas: HTMLCanvasElement, at) => [...canvas.getContext('2d')!.getImageData(at[0]!, at[1]!, 1, 1).data],
      [x, y],
    );
    const expected = diverging(data[y * 14 + x]!, largest(data));
    for (const [channel, value] of expected.entries()) expect(Math.abs(pixel[channel]! - value)).toBeLessThanOrEqual(2);
  });

  test('open to the grid of their PFVs', async () => {
    const data = values('srd.layer.4.282');
    await panel.layer(layer.id).click();
    await panel.painted('grid', `layer:${layer.id}`);
    const [x, y] = strongest(data, 14);
    const [strong] = await panel.pixels('grid', layer, [[x, y]]);
    // Opacity 0.85 of the end of the scale over a dark grey.
    const [red, green, blue] = diverging(1, 1);
    expect(strong![0]).toBeGreaterThan(0.8 * red!);
    expect(strong![1]).toBeLessThan(green! + 30);
    expect(strong![2]).toBeLessThan(blue! + 30);
    const rows = await panel.page.locator('prism-pfvs [role="option"]').allInnerTexts();
    const sum = data.reduce((total, value) => total + value, 0);
    const [position, value, part] = rows[0]!.split('\n');
    expect(position).toBe(`column ${x}, row ${y}`);
    expect(Number(value)).toBeCloseTo(data[y * 14 + x]!, 3);
    expect(Number.parseFloat(part!)).toBeCloseTo((100 * data[y * 14 + x]!) / sum, 1);
  });

  test('pointing at a PFV shows its receptive field, live; a click pins it', async () => {
    await panel.layer(layer.id).click();
    await panel.painted('grid', `layer:${layer.id}`);
    await panel.pointAt('grid', layer, 3, 5);
    await panel.painted('map', `erf:${layer.id}@5,3`);
    await panel.pointAt('grid', layer, 10, 8);
    await panel.painted('map', `erf:${layer.id}@8,10`);
    await panel.page.mouse.move(5, 5);
    await panel.painted('map', 'class:282');
    await panel.click('grid', layer, 3, 5);
    await panel.painted('map', `erf:${layer.id}@5,3`);
    await panel.page.mouse.move(5, 5);
    await panel.page.getByText('PFV 3, 5', { exact: true }).first().waitFor();
    expect(await panel.canvas('map').getAttribute('data-map')).toBe(`erf:${layer.id}@5,3`);
  });

  test('arrow keys move the pin, Escape takes it out, Backspace goes back', async () => {
    await panel.layer(layer.id).press('Enter');
    await panel.painted('grid', `layer:${layer.id}`);
    const [x, y] = strongest(values('srd.layer.4.282'), 14);
    await panel.canvas('grid').focus();
    await panel.page.keyboard.press('ArrowRight');
    await panel.painted('map', `erf:${layer.id}@${y},${x}`);
    await panel.page.keyboard.press('ArrowRight');
    await panel.painted('map', `erf:${layer.id}@${y},${x + 1}`);
    await panel.announced(`PFV ${x + 1}, ${y}: relevance`);
    await panel.page.keyboard.press('Escape');
    await panel.painted('map', 'class:282');
    await panel.page.keyboard.press('Backspace');
    await panel.canvas('grid').waitFor({ state: 'detached' });
    await panel.layer(layer.id).click();
    await panel.canvas('grid').waitFor();
    await panel.page.keyboard.press('Alt+ArrowLeft');
    await panel.canvas('grid').waitFor({ state: 'detached' });
  });

  test('pointing at the photograph lights up the PFVs that draw on the place', async () => {
    await panel.layer(layer.id).click();
    await panel.painted('grid', `layer:${layer.id}`);
    await panel.pointAt('map', input, 120, 40);
    await panel.painted('grid', `readers:${layer.id}@40,120`);
    await panel.page.getByText('PFVs that draw on input 120, 40').waitFor();
    expect(await panel.calls('readers')).toContainEqual({ layer: layer.id, x: 120, y: 40 });
    await panel.page.mouse.move(5, 5);
    await panel.painted('grid', `layer:${layer.id}`);
  });

  test('a click on the photograph pins the PFV that lies there', async () => {
    await panel.layer(layer.id).click();
    await panel.painted('grid', `layer:${layer.id}`);
    await panel.click('map', input, 120, 40);
    // 224 / 14 = 16 input pixels a PFV
    await panel.painted('map', `erf:${layer.id}@2,7`);
    await panel.page.keyboard.press('Escape');
    await panel.painted('map', 'class:282');
  });

  test('a fast pointer does not pile up requests', async () => {
    await panel.page.evaluate(() => {
      demo.delay.request = 150;
    });
    await panel.layer(layer.id).click();
    await panel.painted('grid', `layer:${layer.id}`);
    const from = await panel.pointOf('grid', layer, 0, 7);
    const to = await panel.pointOf('grid', layer, 13, 7);
    await panel.page.mouse.move(from.x, from.y);
    await panel.page.mouse.move(to.x, to.y, { steps: 40 });
    await panel.painted('map', `erf:${layer.id}@7,13`);
    const asked = await panel.calls('receptiveField');
    expect(asked.length).toBeLessThan(14);
    expect(asked.at(-1)).toEqual({ layer: layer.id, x: 13, y: 7 });
  });

  test('hundreds of them are fetched as they come into sight', async () => {
    await panel.page.evaluate(async () => {
      const { explanation } = demo.state;
      const [, ...inner] = explanation!.layers;
      const layers = Array.from({ length: 300 }, (_, i) => {
        const base = inner[i % inner.length]!;
        return { ...base, id: `${base.id}#${i}`, title: `block ${i}` };
      });
      await demo.update({ explanation: { ...explanation!, id: 'many', layers } });
    });
    const fetched = async () =>
      ((await panel.calls('layerMaps')) as { layers: string[] }[])
        .flatMap(({ layers }) => layers)
        .filter((id) => id.includes('#'));
    await panel.page.locator('[data-layer$="#0"] canvas[data-painted]').waitFor();
    expect((await fetched()).length).toBeLessThan(40);
    const list = panel.page.locator('[data-layer$="#0"]');
    await list.press('End');
    await panel.page.locator('[data-layer$="#299"] canvas[data-painted]').waitFor();
    expect(new Set(await fetched()).size).toBe((await fetched()).length);
    expect((await fetched()).length).toBeLessThan(80);
    await panel.page.keyboard.press('Enter');
    await panel.canvas('grid').waitFor();
  });
});

describe('state', () => {
  test('survives a reload: layer, pin and looks', async () => {
    await open();
    await panel.layer(layer.id).click();
    await panel.painted('grid', `layer:${layer.id}`);
    await panel.click('grid', layer, 4, 4);
    await panel.painted('map', `erf:${layer.id}@4,4`);
    await panel.slide('Opacity', 0.25);
    await panel.choose('Colours', 'PuOr');
    await panel.page.reload();
    await panel.painted('map', `erf:${layer.id}@4,4`);
    expect(await panel.layer(layer.id).getAttribute('aria-selected')).toBe('true');
    expect(await panel.page.getByRole('slider', { name: 'Opacity' }).inputValue()).toBe('0.25');
    expect(await panel.page.getByRole('combobox', { name: 'Colours' }).innerText()).toContain('PuOr');
  });

  test('begins by saying how to begin', async () => {
    await open({ query: 'start=empty' });
    await panel.page.getByText('Right-click a photograph in the Explorer').waitFor();
    expect(await panel.page.locator('canvas').count()).toBe(0);
  });

  test('while it works shows message, share, the map so far, and can be cancelled', async () => {
    await open();
    await panel.painted('map', 'class:282');
    await panel.page.evaluate(async () => {
      const partial = demo.state.explanation!.map;
      await demo.update({ status: 'working', progress: { fraction: 0.43, message: 'Masking', partial } });
    });
    const bar = panel.page.getByRole('progressbar', { name: 'Masking' });
    expect(await bar.getAttribute('aria-valuenow')).toBe('43');
    await panel.page.locator('canvas[data-map="partial"][data-painted]').waitFor();
    expect(await panel.canvas('map').getAttribute('data-map')).toBe('class:282');
    await panel.page.getByRole('button', { name: 'Cancel' }).click();
    await bar.waitFor({ state: 'detached' });
    expect(await panel.calls('cancel')).toEqual([{}]);
  });

  test('after a failure shows code, message and the last good map; retry works', async () => {
    await open();
    await panel.painted('map', 'class:282');
    await panel.page.evaluate(async () => {
      const error = { code: 'RUN_FAILED', message: 'onnxruntime failed on cpu', details: { node: 'conv_7' } };
      await demo.update({ status: 'failed', error });
    });
    const card = panel.page.getByRole('alert').filter({ hasText: 'RUN_FAILED' });
    await card.waitFor();
    expect(await card.innerText()).toContain('onnxruntime failed on cpu');
    expect(await card.innerText()).toContain('node conv_7');
    await panel.announced('The explanation failed: onnxruntime failed on cpu');
    expect(await panel.canvas('map').getAttribute('data-map')).toBe('class:282');
    await panel.page.getByRole('button', { name: 'Show log' }).click();
    await panel.page.getByRole('button', { name: 'Retry' }).click();
    await card.waitFor({ state: 'detached' });
    expect(await panel.calls('showLog')).toHaveLength(1);
  });

  test('where a method is beyond the model another one is a click away', async () => {
    await open();
    await panel.painted('map', 'class:282');
    await panel.page.evaluate(() =>
      demo.update({ status: 'failed', error: { code: 'UNSUPPORTED_OPERATOR', message: 'no rule for Loop' } }),
    );
    await panel.page.getByRole('button', { name: 'Choose another method…' }).click();
    await until('the question', async () => (await panel.calls('pickMethod')).length === 1);
  });

  test('speaks the display language', async () => {
    await open();
    await panel.painted('map', 'class:282');
    await panel.page.evaluate(() => demo.update({ l10n: { Classes: 'Klassen', 'Explained as {0}, score {1}.': 'x' } }));
    await panel.page.getByRole('button', { name: 'Klassen' }).waitFor();
  });
});

describe('methods', () => {
  test('are chosen from the list; options are made from their declaration', async () => {
    await open();
    await panel.painted('map', 'class:282');
    await panel.page.getByRole('button', { name: 'Options' }).click();
    await panel.choose('Head', 'gap');
    await until('the request', async () => (await panel.calls('setOptions')).length === 1);
    expect(await panel.calls('setOptions')).toMatchObject([
      { options: { head: 'gap', contrastive: false, official: false } },
    ]);
    await panel.choose('Method', 'Gradient × Input');
    await until('the request', async () => (await panel.calls('chooseMethod')).length === 1);
    expect(await panel.calls('chooseMethod')).toEqual([{ method: 'gradient-x-input' }]);
    await panel.page.locator('vscode-checkbox[data-option="contrastive"]').waitFor({ state: 'detached' });
    await panel.page.locator('prism-layers').waitFor({ state: 'detached' });
  });

  test('without sign are painted in a sequential map', async () => {
    await open();
    await panel.painted('map', 'class:282');
    const data = values('srd.class.282').map(Math.abs);
    await panel.page.evaluate(async () => {
      const { explanation } = demo.state;
      const map = { ...explanation!.map, data: explanation!.map.data.map(Math.abs) };
      const method = { ...explanation!.method, signed: false };
      await demo.update({ explanation: { ...explanation!, id: 'unsigned', map, method } });
    });
    await panel.choose('Colours', 'Viridis');
    await panel.page.getByRole('button', { name: 'side by side' }).click();
    await panel.canvas('photograph').waitFor();
    await panel.slide('Smoothing', 0);
    const places = [strongest(data, 224), [10, 200], [120, 120]] as const;
    await until('the sequential map', async () => {
      const pixels = await panel.pixels('map', input, places);
      return places.every(([x, y], i) =>
        rgb(interpolateViridis(data[y * 224 + x]! / largest(data))).every(
          (value, c) => Math.abs(pixels[i]![c]! - value) <= 3,
        ),
      );
    });
  });
});

describe('export', () => {
  beforeEach(async () => {
    await open({ theme: 'light' });
    await panel.painted('map', 'class:282');
  });

  test('hands the painted picture to the host', async () => {
    await panel.page.getByRole('button', { name: 'Export' }).click();
    await panel.page.getByRole('menuitem', { name: 'Picture (PNG)' }).click();
    const size = await until('the picture', () =>
      panel.page.evaluate(async () => {
        if (!demo.exported) return undefined;
        const picture = await createImageBitmap(
          new Blob([demo.exported as Uint8Array<ArrayBuffer>], { type: 'image/png' }),
        );
        return { width: picture.width, height: picture.height };
      }),
    );
    // The photograph of 451 × 300 at 896 px wide, and room for captions.
    expect(size.width).toBe(896 + 40);
    expect(size.height).toBeGreaterThan(596 + 40);
  });

  test('other formats are the host’s to write; the menu works by keyboard', async () => {
    await panel.page.getByRole('button', { name: 'Export' }).press('ArrowDown');
    await panel.page.keyboard.press('ArrowDown');
    await panel.page.keyboard.press('Enter');
    await until('the request', async () => (await panel.calls('exportAs')).length === 1);
    expect(await panel.calls('exportAs')).toEqual([{ format: 'npy' }]);
  });

  test('copies the picture', async () => {
    await panel.page.getByRole('button', { name: 'Copy the picture' }).click();
    await panel.announced('The picture was copied.');
    const types = await panel.page.evaluate(async () =>
      (await navigator.clipboard.read()).flatMap((item) => item.types),
    );
    expect(types).toContain('image/png');
  });

  test('where pictures cannot be copied, offers a file', async () => {
    await panel.page.evaluate(() => {
      navigator.clipboard.write = () => Promise.reject(new DOMException('not allowed', 'NotAllowedError'));
    });
    await panel.page.getByRole('button', { name: 'Copy the picture' }).click();
    await until('the request', async () => (await panel.calls('exportAs')).length === 1);
    expect(await panel.calls('exportAs')).toEqual([{ format: 'png' }]);
  });
});

describe('for everybody', () => {
  test.each(['dark', 'light', 'high-contrast', 'high-contrast-light'] as const)(
    'the theme %s meets the accessibility rules, with a layer open and options unfolded',
    async (theme) => {
      await open({ theme });
      await panel.painted('map', 'class:282');
      await panel.layer(layer.id).click();
      await panel.painted('grid', `layer:${layer.id}`);
      await panel.page.getByRole('button', { name: 'Options' }).click();
      expect(await barriers(panel.page)).toEqual([]);
    },
  );

  test.each([400, 520, 700, 1200, 2000])('%i px wide, nothing is cut off', async (width) => {
    await open({ width, height: 900 });
    await panel.layer(layer.id).click();
    await panel.painted('grid', `layer:${layer.id}`);
    const overflow = await panel.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    for (const control of ['Opacity', 'Smoothing']) {
      const box = await panel.page.getByRole('slider', { name: control }).boundingBox();
      expect(box!.x + box!.width).toBeLessThanOrEqual(width);
    }
    const grid = await panel.area('grid');
    expect(grid.width).toBeGreaterThan(140);
  });

  test('everything is reached by the Tab key, in the order of reading', async () => {
    await open();
    await panel.painted('map', 'class:282');
    const names: string[] = [];
    for (let i = 0; i < 30; i++) {
      await panel.page.keyboard.press('Tab');
      names.push(
        await panel.page.evaluate(() => {
          let element = document.activeElement;
          while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
          return element?.getAttribute('aria-label') ?? element?.textContent?.trim().split('\n')[0]?.trim() ?? '';
        }),
      );
    }
    const order = ['Method', 'Export', 'Relevance map of tiger cat', 'Scale'];
    const positions = order.map((name) => names.indexOf(name));
    expect(positions).not.toContain(-1);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(names.some((name) => name.startsWith('tiger cat'))).toBe(true);
    expect(names.some((name) => name.startsWith('image'))).toBe(true);
  });
});
