import { expect, test } from 'vitest';
import { barriers, ofDocuments } from '../support/accessibility';
import { type PanelPage, useDemo } from '../support/panel-demo/panel-page';

/** The panel of tokens in a browser, with a fake host whose map is a formula. */

const openPage = useDemo();
let panel: PanelPage;

const open = async (query = '', theme: 'dark' | 'light' = 'dark'): Promise<void> => {
  panel = await openPage({ theme, query: `view=tokens&${query}` });
  await panel.page.locator('[role=gridcell]').first().waitFor();
};

const value = (i: number, j: number): number => Math.sin(3 * i + j) / (1 + 0.3 * (i - j));
const told = (): Promise<string> => panel.page.locator('.cell-told').innerText();

test('a cell tells what one token contributes to another, by mouse and by keys', async () => {
  await open();
  const { page } = panel;
  await page.locator('#cell-2-5').click();
  // 19 words, 8 of them new: row 2 is the 14th word.
  const all = Array.from({ length: 13 }, (_, j) => Math.abs(value(13, j))).reduce((sum, part) => sum + part, 0);
  const share = (j: number): string => `${((100 * Math.abs(value(13, j))) / all).toFixed(1)} %`;
  expect(await told()).toContain(`“bridge” contributes`);
  expect(await told()).toContain(share(5));
  await page.locator('[role=grid]').press('ArrowLeft');
  expect(await told()).toContain(`“the” contributes`);
  expect(await told()).toContain(share(4));
  await page.locator('[role=grid]').press('End');
  expect(await told()).toContain('was not there yet');
  await page.locator('[role=grid]').press('Control+Home');
  expect(await page.locator('[role=gridcell][aria-selected=true]').getAttribute('id')).toBe('cell-0-0');
  // The text above wears the colours of the row.
  expect(await page.locator('prism-text .list').getAttribute('aria-label')).toContain('19 tokens');
  await page.locator('[role=columnheader]').nth(3).click();
  expect(await page.locator('.reasons .told').innerText()).toBe('What “above” contributes to');
});

test('the next token is asked for, and looked at', async () => {
  await open('rows=3');
  await panel.page.getByRole('button', { name: 'Next token' }).click();
  await expect.poll(() => panel.page.locator('[role=rowheader]').count()).toBe(4);
  expect(await panel.page.locator('[role=gridcell][aria-selected=true]').getAttribute('id')).toMatch(/^cell-3-/);
});

test('of a long text only what is in sight is laid out', async () => {
  await open('tokens=1200&rows=200');
  const { page } = panel;
  expect(await page.locator('[role=gridcell]').count()).toBeLessThan(4000);
  const grid = page.locator('[role=grid]');
  expect(await grid.getAttribute('aria-colcount')).toBe('1201');
  await page.locator('[role=gridcell]').first().click();
  await grid.press('Control+End');
  await expect.poll(() => page.locator('#cell-199-1199').count()).toBe(1);
});

test.each(['dark', 'light'] as const)('can be read by everybody, %s', async (theme) => {
  await open('', theme);
  expect(await barriers(panel.page, ofDocuments)).toEqual([]);
});
