import { beforeEach, describe, expect, test } from 'vitest';
import { barriers } from '../support/accessibility';
import { type PanelPage, useDemo } from '../support/panel-demo/panel-page';
import { until } from '../support/vscode/wait';

/** What the panel shows of a single PFV, with a fake host: lines, lists, and the way back through the network. */

const layer = { id: '/_blocks.10/_swish/Clip_output_0', width: 14, height: 14 };
const before = { id: '/_blocks.9/Add_output_0', width: 14, height: 14 };
const further = '/_blocks.2/_swish_1/Clip_output_0';

const openPage = useDemo();
let panel: PanelPage;

beforeEach(async () => {
  panel = await openPage({ width: 1300, height: 900 });
  await panel.painted('map', 'class:282');
  await panel.layer(layer.id).click();
  await panel.painted('grid', `layer:${layer.id}`);
  await panel.painted('sources', `sources:${before.id}`);
});

const lines = () => panel.page.locator('prism-pfv-lines g[data-source]');
const sourceList = () => panel.page.getByRole('listbox', { name: 'What the PFV is made of' });
const channelList = () => panel.page.getByRole('listbox', { name: 'Channels of the PFV' });
const until10 = (what: string) => until(what, async () => (await lines().count()) === 9);

/** The line of a source, from end to end on the page. */
const line = (id: string) =>
  panel.page.locator(`prism-pfv-lines g[data-source="${id}"] line.shown`).evaluate((element: SVGLineElement) => {
    const at = (end: 1 | 2): { x: number; y: number } => {
      const point = new DOMPoint(element[`x${end}`].baseVal.value, element[`y${end}`].baseVal.value);
      const { x, y } = point.matrixTransform(element.getScreenCTM()!);
      return { x, y };
    };
    return { from: at(1), to: at(2), width: Number(element.getAttribute('stroke-width')) };
  });

describe('what a PFV is made of', () => {
  test('is drawn as lines onto the layer before, as wide as the shares are', async () => {
    await panel.pointAt('grid', layer, 6, 5);
    await until10('lines to nine sources');
    const strong = await line(`${before.id}@4,5`);
    const weak = await line(`${before.id}@6,5`);
    expect(strong.width).toBeGreaterThan(weak.width);
    for (const [shown, x, y] of [
      [strong, 5, 4],
      [weak, 5, 6],
    ] as const) {
      const source = await panel.pointOf('sources', before, x, y);
      expect(Math.hypot(shown.to.x - source.x, shown.to.y - source.y)).toBeLessThan(1.5);
      // It begins at the edge of the PFV's own cell.
      const own = await panel.pointOf('grid', layer, 6, 5);
      const cell = (await panel.area('grid')).width / layer.width;
      expect(Math.hypot(shown.from.x - own.x, shown.from.y - own.y)).toBeLessThan(cell);
    }
    expect(await panel.page.locator('prism-pfv-lines line.against').count()).toBe(2);
  });

  test('follows what is magnified', async () => {
    await panel.click('grid', layer, 6, 5);
    await until10('lines to nine sources');
    await panel.page.getByRole('button', { name: 'Zoom in' }).click();
    await until('lines at the new places', async () => {
      const { to } = await line(`${before.id}@4,5`);
      const source = await panel.pointOf('sources', before, 5, 4);
      return Math.hypot(to.x - source.x, to.y - source.y) < 1.5;
    });
  });

  test('is listed, and adds up; a click goes to the source and on', async () => {
    await panel.click('grid', layer, 6, 5);
    await sourceList().getByRole('option').first().waitFor();
    expect(await sourceList().getByRole('option').count()).toBe(10);
    expect(await panel.text('prism-pfv-sources')).toContain('biases and constants1.0 % all shares100 %');
    const source = sourceList().getByRole('option', { name: '6, 4 _blocks.9.Add 19 %' });
    await source.hover();
    await panel.page.locator(`prism-pfv-lines g.marked[data-source="${before.id}@4,6"]`).waitFor({ state: 'attached' });
    await source.click();
    await panel.painted('grid', `layer:${before.id}`);
    await panel.painted('map', `erf:${before.id}@4,6`);
    await panel.announced('PFV 6, 4: relevance');
    await until('its own sources', async () =>
      ((await panel.calls('pfvSources')) as { layer: string; x: number }[]).some(
        ({ layer, x }) => layer === before.id && x === 6,
      ),
    );
  });

  test('is walked back by the keyboard alone', async () => {
    await panel.click('grid', layer, 6, 5);
    await sourceList().getByRole('option').first().waitFor();
    await panel.canvas('sources').focus();
    await panel.page.keyboard.press('ArrowRight');
    await panel.announced('_blocks.9.Add: PFV 5, 4 gives 24 %.');
    await panel.page.keyboard.press('ArrowRight');
    await panel.announced('_blocks.9.Add: PFV 6, 4 gives 19 %.');
    await panel.page.keyboard.press('Enter');
    await panel.painted('map', `erf:${before.id}@4,6`);
  });

  test('may come from several layers: the other one is shown when it is chosen', async () => {
    await panel.click('grid', layer, 6, 5);
    await panel.choose('Layer whose lines are drawn', '_blocks.2._swish_1 · 25 %');
    await panel.painted('sources', `sources:${further}`);
    await until('one line', async () => (await lines().count()) === 1);
    await lines().locator('line.target').click({ force: true });
    await panel.painted('grid', `layer:${further}`);
  });

  test('is hidden where somebody wants the room', async () => {
    await panel.click('grid', layer, 6, 5);
    await panel.page.getByRole('button', { name: 'Layer before, with lines' }).click();
    await panel.canvas('sources').waitFor({ state: 'detached' });
    expect(await lines().count()).toBe(0);
    await panel.page.reload();
    await panel.painted('grid', `layer:${layer.id}`);
    expect(await panel.canvas('sources').count()).toBe(0);
  });
});

describe('the channels of a PFV', () => {
  test('are listed by what they contribute; one is looked at over the photograph', async () => {
    await panel.click('grid', layer, 6, 5);
    const first = channelList().getByRole('option').first();
    await first.waitFor();
    expect(await first.getAttribute('aria-label')).toBe('channel 11: +0.310');
    await first.click();
    await panel.painted('map', `channel:${layer.id}/11`);
    await panel.choose('Order of the channels', 'By value');
    expect(await channelList().getByRole('option').nth(1).getAttribute('aria-label')).toBe('channel 48: +2.10');
    await first.press('Enter');
    await panel.painted('map', `erf:${layer.id}@5,6`);
  });
});

describe('PFVs of other images', () => {
  test('are looked for image after image, the likest shown first; a click goes there', async () => {
    await panel.click('grid', layer, 6, 5);
    await panel.page.getByRole('button', { name: 'Look in the image’s folder' }).click();
    await panel.page.getByText('4 images of photographs were looked at.').waitFor();
    const found = panel.page.locator('prism-pfv-alike li button');
    expect(await found.evaluateAll((all) => all.map(({ dataset }) => dataset.alike))).toEqual([
      'coffee.png@0,6',
      'chelsea.png@0,0',
      'astronaut.png@0,2',
      'coffee.png@1,6',
      'chelsea.png@1,0',
      'astronaut.png@1,2',
    ]);
    await panel.page.getByText('1 of the images could not be looked at: /w/broken.png cannot be decoded').waitFor();
    expect(
      await found
        .first()
        .locator('img')
        .evaluate((image: HTMLImageElement) => image.naturalWidth),
    ).toBe(32);
    await found.first().focus();
    await panel.page.keyboard.press('ArrowDown');
    await panel.page.keyboard.press('Enter');
    expect(await panel.calls('openAlike')).toEqual([{ image: '/w/chelsea.png', layer: layer.id, x: 0, y: 0 }]);
    // Those of another PFV are nobody's any more.
    await panel.click('grid', layer, 2, 2);
    await found.first().waitFor({ state: 'detached' });
  });
});

test('nothing of it keeps anybody out', async () => {
  await panel.click('grid', layer, 6, 5);
  await channelList().getByRole('option').first().waitFor();
  await panel.page.getByRole('button', { name: 'Look in the image’s folder' }).click();
  await panel.page.getByText('4 images of photographs were looked at.').waitFor();
  expect(await barriers(panel.page)).toEqual([]);
});
