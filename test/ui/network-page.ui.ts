import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Network } from '../../src/protocol/flow';
import { barriers } from '../support/accessibility';
import { useNetworks } from '../support/network-demo/network-page';
import { until } from '../support/vscode/wait';

/** The network view in a browser with a fake host: what is drawn, and what keys and clicks do. */

const node = (title: string, group: number, more: object = {}) => ({
  id: `/${title}`,
  title,
  op: 'Conv',
  shape: [1, 8, 4, 4],
  group,
  sink: 0,
  lost: 0,
  ...more,
});

/** in → block (a → b, with c beside it against) → head → out; the head keeps a fifth. */
const network: Network = {
  nodes: [
    node('in', 0, { kind: 'input', op: 'Input' }),
    node('a', 1, { layer: '/a' }),
    node('b', 1, { layer: '/b' }),
    node('c', 1),
    node('head', 0, { sink: 2, op: 'Gemm' }),
    node('out', 0, { kind: 'output', op: 'Output' }),
  ],
  groups: [
    { title: '', parent: -1 },
    { title: 'block', parent: 0, className: 'Block' },
  ],
  edges: [
    { from: 4, to: 5, relevance: 10 },
    { from: 2, to: 4, relevance: 12 },
    { from: 3, to: 4, relevance: -4 },
    { from: 1, to: 2, relevance: 12 },
    { from: 0, to: 1, relevance: 12 },
    { from: 0, to: 3, relevance: -4 },
  ],
  widths: 'relevance',
  total: 10,
};

/** The same by two streams, of which the head loses some of both. */
const streams: Network = {
  ...network,
  nodes: network.nodes.map((n) => ({
    ...n,
    sink: 0,
    lost: n.title === 'head' ? 2 : 0,
    against: { sink: 0, lost: n.title === 'head' ? 0.5 : 0 },
  })),
  edges: [
    { from: 4, to: 5, relevance: 10, against: 4 },
    { from: 2, to: 4, relevance: 5, against: 2 },
    { from: 3, to: 4, relevance: 3, against: 1.5 },
    { from: 1, to: 2, relevance: 5, against: 2 },
    { from: 0, to: 1, relevance: 5, against: 2 },
    { from: 0, to: 3, relevance: 3, against: 1.5 },
  ],
  totalAgainst: 4,
};

const plain: Network = {
  ...network,
  widths: 'none',
  total: 0,
  edges: network.edges.map((e) => ({ ...e, relevance: 0 })),
};

const open = useNetworks({ small: network, plain, streams });
let page: Page;

const box = (title: string) => page.locator(`[data-title="${title}"]`);
const ribbons = () =>
  page
    .locator('[data-ribbon]')
    .evaluateAll((paths) =>
      paths.map((path) => [path.getAttribute('data-ribbon'), Number(path.getAttribute('stroke-width'))] as const),
    );
const calls = (method: string) =>
  page.evaluate((name) => networkDemo.calls.filter((call) => call.method === name).map(({ params }) => params), method);

beforeEach(async () => {
  page = await open({ network: 'small' });
});

describe('the network view', () => {
  test('draws ribbons as wide as the relevance they carry, those against another way, and what stays', async () => {
    const widths = new Map(await ribbons());
    // 16 of both signs come together at the head: they share 40 pixels.
    expect(widths.get('n2 n4')).toBeCloseTo((12 / 16) * 40, 3);
    expect(widths.get('n3 n4')).toBeCloseTo((4 / 16) * 40, 3);
    expect(widths.get('n4 n5')).toBeCloseTo((10 / 16) * 40, 3);
    const against = page.locator('[data-ribbon="n3 n4"]');
    const dashes = (locator: typeof against) => locator.evaluate((path) => getComputedStyle(path).strokeDasharray);
    expect(await dashes(against)).not.toBe('none');
    expect(await dashes(page.locator('[data-ribbon="n2 n4"]'))).toBe('none');
    const stays = page.locator('[data-stays="n4"]');
    expect(Number(await stays.getAttribute('height'))).toBeCloseTo((2 / 16) * 40, 3);
    expect(await page.locator('[data-stays]').count()).toBe(1);
  });

  test('closes and opens modules, by the mouse and by keys, and keeps the focus', async () => {
    await box('block').focus();
    await page.keyboard.press('ArrowLeft');
    await box('a').waitFor({ state: 'detached' });
    expect((await ribbons()).map(([ends]) => ends).sort()).toEqual(['g1 n4', 'n0 g1', 'n4 n5']);
    expect(await box('block').getAttribute('aria-expanded')).toBe('false');
    expect(await box('block').getAttribute('aria-label')).toContain('Comes in: 8.00 (80 %)');
    await until('the focus', () => box('block').evaluate((element) => element.matches(':focus')));
    await page.keyboard.press('ArrowRight');
    await box('a').waitFor();
    await page.keyboard.press('ArrowRight');
    await until('the first part', () => box('a').evaluate((element) => element.matches(':focus')));
    await page.keyboard.press('ArrowDown');
    await until('the next part', () => box('b').evaluate((element) => element.matches(':focus')));
    await page.keyboard.press('ArrowLeft');
    await until('the module', () => box('block').evaluate((element) => element.matches(':focus')));
    await box('block').locator('.toggle').click();
    await box('a').waitFor({ state: 'detached' });
    await box('block').dblclick({ position: { x: 60, y: 14 } });
    await box('a').waitFor();
  });

  test('opens the layer of a box that is chosen, shows its map and numbers, and goes to its code', async () => {
    await box('b').click();
    await until('the layer', async () => (await calls('openLayer')).length === 1);
    expect(await calls('openLayer')).toEqual([{ layer: '/b' }]);
    expect(await calls('valueMap')).toEqual([{ value: '/b' }]);
    const detail = page.locator('prism-network-detail');
    await detail.locator('canvas[data-painted]').waitFor();
    expect(await detail.locator('dl').innerText()).toMatch(/Comes in\s+12\.0 \(120 %\)/);
    await detail.getByRole('button', { name: 'Go to code' }).click();
    await until('the code', async () => (await calls('goToCode')).length === 1);
    expect(await calls('goToCode')).toEqual([{ value: '/b' }]);
    await box('head').focus();
    await page.keyboard.press('Enter');
    await detail.getByText('Stays in biases and constants').waitFor();
    expect(await detail.locator('dl').innerText()).toMatch(/Stays in biases and constants\s+2\.00 \(20 %\)/);
  });

  test('finds layers, also in modules that are closed', async () => {
    await box('block').locator('.toggle').click();
    await box('a').waitFor({ state: 'detached' });
    const search = page.getByRole('searchbox', { name: 'Find a layer' });
    await search.fill('c');
    await until('the closed module', async () => /\bmatched\b/.test((await box('block').getAttribute('class')) ?? ''));
    await search.fill('/c');
    await search.press('Enter');
    await until('what was looked for', () => box('c').evaluate((element) => element.matches(':focus')));
  });

  test('zooms, moves and shows all of it', async () => {
    const width = async (): Promise<number> => (await box('head').boundingBox())!.width;
    const before = await width();
    await page.getByRole('button', { name: 'Zoom in (+)' }).click();
    await until('a larger box', async () => (await width()) > before * 1.1);
    const place = (await box('head').boundingBox())!;
    await page.mouse.move(40, 400);
    await page.mouse.down();
    await page.mouse.move(90, 460, { steps: 3 });
    await page.mouse.up();
    await until('another place', async () => Math.abs((await box('head').boundingBox())!.x - place.x - 50) < 2);
    await page.mouse.wheel(0, 2000);
    await page.getByRole('button', { name: 'Fit (0)' }).click();
    for (const title of ['in', 'out']) {
      const { y, height } = (await box(title).boundingBox())!;
      expect(y).toBeGreaterThan(30);
      expect(y + height).toBeLessThan(820);
    }
  });

  test('follows another explanation and says when it is of the one before', async () => {
    await box('block').locator('.toggle').click();
    await box('a').waitFor({ state: 'detached' });
    await page.evaluate(() => networkDemo.update({ stale: 'changing' }));
    await page.getByText('Another explanation is being made; this is the one before.').waitFor();
    const halved = { ...network, edges: network.edges.map((e) => (e.from === 4 ? { ...e, relevance: 5 } : e)) };
    await page.evaluate((next) => networkDemo.show(next, { stale: undefined } as never), halved);
    await until('the other width', async () => (new Map(await ribbons()).get('n4 n5') ?? 0) < 30);
    // What was closed stays closed.
    expect(await box('a').count()).toBe(0);
    expect(await page.getByText('Another explanation is being made').count()).toBe(0);
  });

  test('draws two streams apart, or what is chosen of them, with the maps of each', async () => {
    page = await open({ network: 'streams' });
    const bands = async (ends: string) => (await ribbons()).filter(([name]) => name === ends).map(([, width]) => width);
    const near = (...widths: number[]) => widths.map((width) => expect.closeTo(width, 3));
    expect(await bands('n4 n5')).toEqual(near(24, 16));
    expect(await bands('n2 n4')).toEqual(near(12, 8));
    expect(await page.locator('[data-stays="n4"]').count()).toBe(2);
    expect(await box('head').getAttribute('aria-label')).toContain('Comes in: 6.00 (60 %) for, 4.00 (40 %) against');
    await box('b').click();
    await until('both maps', async () => (await calls('valueMap')).length === 2);
    expect(await calls('valueMap')).toEqual([
      { value: '/b', stream: 'positive' },
      { value: '/b', stream: 'negative' },
    ]);
    await page.getByRole('combobox', { name: 'Streams of relevance' }).click();
    await page.getByRole('option', { name: 'Only against' }).click();
    await until('one band', async () => (await bands('n4 n5')).length === 1);
    expect(await bands('n2 n4')).toEqual(near(20));
    expect(await box('head').getAttribute('aria-label')).toContain('Comes in: 4.00 (100 %)');
    await until('its map', async () => (await calls('valueMap')).length === 3);
    expect((await calls('valueMap')).at(-1)).toEqual({ value: '/b', stream: 'negative' });
    expect(await box('b').getAttribute('aria-selected')).toBe('true');
  });

  test('shows the relevance of the tokens of a text where a box has a place for each', async () => {
    const words = ['good', 'bad', 'ugly'];
    await page.evaluate(
      ([whole, tokens]) => {
        const text = {
          text: tokens.join(' '),
          tokens: tokens.map((word, id) => {
            const start = tokens.slice(0, id).join(' ').length + Number(id > 0);
            return { text: word, id, start, end: start + word.length, relevance: 0 };
          }),
        };
        const subject = {
          id: 'a text',
          model: 'model.onnx',
          target: { index: 1, label: 'praise', score: 2, probability: 0.9 },
          method: { id: 'backtrace', title: 'DLBacktrace', signed: true },
          input: 'praise.txt',
          text,
        };
        return networkDemo.show(whole, { subject });
      },
      [network, words] as const,
    );
    await box('b').click();
    const rows = page.locator('prism-network-detail').getByRole('option');
    await until('a row for each', async () => (await rows.count()) === words.length);
    expect(await rows.allInnerTexts()).toEqual([
      expect.stringMatching(/^good\s+.*0\.25/s),
      expect.stringMatching(/^bad\s+.*0\.5/s),
      expect.stringMatching(/^ugly\s+.*0\.75/s),
    ]);
  });

  test('a failure offers what can be done here', async () => {
    await page.evaluate(() =>
      networkDemo.update({ status: 'failed', error: { code: 'UNSUPPORTED_OPERATOR', message: 'no rule for Loop' } }),
    );
    const card = page.locator('prism-message:not([hidden])');
    await card.getByRole('button', { name: 'Retry' }).waitFor();
    expect(await card.getByRole('button').allInnerTexts()).toEqual(['Retry', 'Show log']);
  });

  test('says where a method tells no relevance between nodes', async () => {
    page = await open({ network: 'plain', theme: 'light' });
    await page.getByText('does not tell how much relevance goes from node to node').waitFor();
    expect(new Set((await ribbons()).map(([, width]) => width)).size).toBe(1);
  });

  test.each(['dark', 'light', 'high-contrast'] as const)('can be read by everybody in %s', async (theme) => {
    page = await open({ network: 'small', theme });
    await box('b').click();
    expect(await barriers(page)).toEqual([]);
    const tree = await page
      .getByRole('treeitem')
      .evaluateAll((items) => items.map((item) => item.getAttribute('aria-label')));
    expect(tree).toHaveLength(7);
    expect(tree[0]).toContain('Arrives here');
  });
});
