import { expect, test } from 'vitest';
import { barriers } from '../support/accessibility';
import { type PanelPage, useDemo } from '../support/panel-demo/panel-page';
import { until } from '../support/vscode/wait';

/** The view of attention in a browser, with a fake host whose weights are a formula. */

const openPage = useDemo();
let panel: PanelPage;

const open = async (query = '', theme: 'dark' | 'light' = 'dark'): Promise<void> => {
  panel = await openPage({ theme, query: `view=attention&${query}` });
  await panel.page.locator('[role=gridcell]').first().waitFor();
  await until('the heads', async () => (await panel.page.locator('canvas[data-painted]').count()) >= 4);
};

/** The formula of the fake host, for words in rows of six. */
function weight(layer: number, head: number, i: number, j: number): number {
  const [dx, dy] = [(i % 6) - (j % 6), Math.floor(i / 6) - Math.floor(j / 6)];
  return 1 / (1 + (1 + layer) * (dx + head * dy) ** 2 + 0.2 * (dx * dx + dy * dy));
}

const told = (): Promise<string> => panel.page.locator('.cell-told').innerText();
const share = (value: number): string => `${(100 * value).toFixed(0)} %`;

test('a head, a layer and a cell are chosen, by mouse and by keys, and the text shows what is heeded', async () => {
  await open();
  const { page } = panel;
  const mean = [0, 1, 2, 3].reduce((sum, head) => sum + weight(0, head, 0, 1) / 4, 0);
  await page.locator('#cell-0-1').click();
  await until('the mean of all heads', async () => (await told()).includes(`The heeds river by ${share(mean)}`));
  await page.getByRole('option', { name: 'Head 2 of 4' }).click();
  await page.locator('#cell-2-3').click();
  await until('the head', async () => (await told()).includes(`rose heeds above by ${share(weight(0, 2, 2, 3))}`));
  await page.locator('[role=grid]').press('ArrowDown');
  await until('the next row', async () => (await told()).startsWith('above heeds above by 100 %'));
  expect(await page.locator('.reasons .told').innerText()).toBe('What above heeds, head 2');
  // A word of the text asks in its turn.
  await page.locator('prism-text .text [data-token="5"]').click();
  await until('the word', async () => (await told()).startsWith('bridge heeds'));
  await page.getByRole('combobox', { name: 'Layer' }).click();
  await page.getByRole('option', { name: '1 · encoder.layers.1.self_attn' }).click();
  await until('the other layer', async () => (await told()).includes(`by ${share(weight(1, 2, 5, 3))}`));
  await page.locator('[role=columnheader]').nth(3).click();
  expect(await page.locator('.reasons .told').innerText()).toBe('Who heeds above, head 2');
  await page.getByRole('button', { name: 'Relevance by AttnLRP' }).click();
  await until('relevance', async () => (await told()).includes('of the relevance came from bridge heeding above'));
  const option = page.getByRole('option', { name: 'Head 2 of 4' });
  await option.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await until('the next head', async () => (await page.locator('.reasons .told').innerText()).endsWith('head 3'));
});

test('over a picture a patch asks, by a click or by arrow keys', async () => {
  await open('picture&plain');
  const { page } = panel;
  expect(await page.getByRole('button', { name: 'Relevance' }).isDisabled()).toBe(true);
  expect(await page.locator('.reasons .told').innerText()).toBe('What token 0 heeds, all heads');
  const picture = page.locator('canvas[data-pane=attention]');
  await until('the map', async () => (await picture.getAttribute('data-area')) !== null);
  const [left, top, width, height] = (await picture.getAttribute('data-area'))!.split(' ').map(Number) as number[];
  await picture.click({ position: { x: left! + (5.5 / 14) * width!, y: top! + (3.5 / 14) * height! } });
  const about = page.locator('.reasons .told');
  await until('the patch', async () => (await about.innerText()) === 'What patch 5, 3 heeds, all heads');
  await picture.press('ArrowRight');
  await until('the next patch', async () => (await about.innerText()) === 'What patch 6, 3 heeds, all heads');
  expect(await page.locator('.row.here .name').innerText()).toContain('patch 6, 3');
});

test.each(['dark', 'light'] as const)('can be read by everybody, %s', async (theme) => {
  await open('', theme);
  expect(await barriers(panel.page, ['region'])).toEqual([]);
});
