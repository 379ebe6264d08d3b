import { expect, test } from 'vitest';
import { barriers, ofDocuments } from '../support/accessibility';
import { type PanelPage, useDemo } from '../support/panel-demo/panel-page';

/** Methods compared for several classes, in a browser with a fake host that holds golden maps. */

const openPage = useDemo();
let panel: PanelPage;

const cell = (row: number, column: number) =>
  panel.page.locator('prism-comparison [role="row"]').nth(row).locator(`prism-compared[data-column="${column}"]`);
const heads = () => panel.page.locator('prism-comparison [role="columnheader"]');
const maps = () => panel.page.locator('prism-compared canvas[data-painted]');

/** Adds the highest class that is not compared yet, by the keys alone. */
async function addClass(): Promise<void> {
  await panel.page.getByRole('button', { name: 'Compare for another class' }).press('ArrowDown');
  await panel.page.keyboard.press('Enter');
}

async function open(theme: 'dark' | 'light' = 'dark'): Promise<void> {
  panel = await openPage({ theme });
  await panel.page.getByRole('button', { name: 'Compare methods…' }).click();
  await addClass();
  await addClass();
  await expect.poll(() => heads().count()).toBe(3);
  await expect.poll(() => maps().count()).toBe(8);
}

const pixels = (row: number, column: number): Promise<string> =>
  cell(row, column)
    .locator('canvas')
    .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());

test('a column is a class and a row a method; what fails leaves the rest', async () => {
  await open();
  await panel.page.getByText('8 of 9 maps').waitFor();
  expect(await heads().locator('b').allInnerTexts()).toEqual(['tiger cat', 'Egyptian cat', 'tabby']);
  const boxes = await Promise.all(
    [cell(1, 0), cell(1, 1), cell(1, 2), cell(2, 0)].map(async (one) => (await one.boundingBox())!),
  );
  const [first, second, third, below] = boxes.map(({ x, y }) => [Math.round(x), Math.round(y)]);
  expect([second![1], third![1]]).toEqual([first![1], first![1]]);
  expect(below![0]).toBe(first![0]);
  expect(below![1]).toBeGreaterThan(first![1]!);
  expect(await pixels(1, 0)).not.toBe(await pixels(1, 1));
  await cell(2, 2).getByText('METHOD_DOES_NOT_FIT').waitFor();
});

test('a cell is opened by a key, of its own class', async () => {
  await open();
  await cell(3, 1).getByRole('button').press('Enter');
  await panel.canvas('map').waitFor();
  expect(await panel.calls('openCompared')).toMatchObject([{ column: 1 }]);
});

test('a class is taken away by its button; with one left there is a list as ever', async () => {
  await open();
  await heads().nth(0).getByRole('button', { name: 'No longer compare for tiger cat' }).press('Enter');
  await expect.poll(() => heads().count()).toBe(2);
  expect(await heads().locator('b').allInnerTexts()).toEqual(['Egyptian cat', 'tabby']);
  await heads().nth(1).getByRole('button').press('Enter');
  await panel.page.getByRole('list', { name: 'Compared methods' }).getByText('Photograph').waitFor();
  expect(await heads().count()).toBe(0);
});

test.each(['dark', 'light'] as const)('the table is sound for assistive technology, %s', async (theme) => {
  await open(theme);
  expect(await panel.page.getByRole('table', { name: 'Compared methods' }).getByRole('cell').count()).toBe(9);
  const directory = process.env.SCREENSHOTS;
  if (directory) await panel.page.screenshot({ path: `${directory}/grid-${theme}.png` });
  expect(await barriers(panel.page, ofDocuments)).toEqual([]);
});
