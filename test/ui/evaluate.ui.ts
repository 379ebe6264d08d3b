import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { useWorkbench } from '../support/vscode/use-workbench';
import { until } from '../support/vscode/wait';

/** Methods judged on a folder of three pictures, as a person does it in a real VS Code. */

describe('evaluating methods on a folder', () => {
  const workbench = useWorkbench(() => ({ workspace: 'media/sample', settings: { 'modelPrism.provider': 'cpu' } }));
  let frame: Frame;

  test('by its menu: methods, metrics, and the report appears', async () => {
    const { page, folder } = workbench();
    const three = path.join(folder, 'watermark/three');
    mkdirSync(three, { recursive: true });
    for (const name of ['0000_hexagon.plain.png', '0003_ring.plain.png', '0005_cross.plain.png']) {
      copyFileSync(path.join(folder, 'watermark/pictures', name), path.join(three, name));
    }
    writeFileSync(path.join(three, 'broken.png'), 'no picture');
    await workbench().contextMenu('watermark/three', 'Evaluate Methods on Folder…');
    const input = page.locator('.quick-input-widget');
    await input.getByText('Evaluate which methods on 4 pictures?').waitFor();
    await input.getByText('Integrated Gradients', { exact: true }).first().waitFor();
    await page.keyboard.press('Enter');
    await input.getByText('Judge by which metrics?').waitFor();
    await input.getByText('Average drop', { exact: true }).first().waitFor();
    await page.keyboard.press('Enter');
    frame = await workbench().webview('prism-report');
    await frame.locator('.page[data-status="ready"]').waitFor();
    await frame.getByText('3 of 4 pictures judged').waitFor();
    await frame.locator('tbody tr', { hasText: 'integrated-gradients' }).first().waitFor();
    await frame.locator('svg polyline').first().waitFor();
    await frame.getByText('IMAGE_DECODE').waitFor();
  });

  test('the report wears the theme, and is there after the panel was hidden', async () => {
    const background = () =>
      frame
        .locator('tbody th')
        .first()
        .evaluate((cell) => getComputedStyle(cell).backgroundColor);
    await workbench().theme('dark');
    const dark = await background();
    await workbench().openFile('watermark/labels.txt');
    await workbench().theme('light');
    await workbench()
      .page.getByRole('tab', { name: /^Evaluation/ })
      .click();
    frame = await workbench().webview('prism-report');
    await frame.getByText('3 of 4 pictures judged').waitFor();
    expect(await background()).not.toBe(dark);
  });

  test('goes to a table', async () => {
    await frame.getByRole('button', { name: 'Export' }).click();
    await frame.getByRole('menuitem', { name: 'Table (CSV)' }).click();
    const file = path.join(workbench().folder, 'watermark/glyphs.three.evaluation.csv');
    await until(
      'the table to be written',
      async () => {
        if (existsSync(file)) return true;
        await workbench().page.locator('.quick-input-widget input.input').press('Enter', { timeout: 1000 });
        return false;
      },
      { every: 500 },
    );
    // A line for each of three pictures and five methods, and the header.
    expect(readFileSync(file, 'utf8').trimEnd().split('\r\n')).toHaveLength(16);
  });

  test('stops when told to, says how far it is in the status bar, and goes on from there', async () => {
    const { page, folder } = workbench();
    const many = path.join(folder, 'watermark/many');
    mkdirSync(many);
    const pictures = path.join(folder, 'watermark/pictures');
    for (const name of readdirSync(pictures).slice(0, 8))
      copyFileSync(path.join(pictures, name), path.join(many, name));
    await workbench().contextMenu('watermark/many', 'Evaluate Methods on Folder…');
    const input = page.locator('.quick-input-widget');
    await input.getByText('Evaluate which methods on 8 pictures?').waitFor();
    await input.getByText('Integrated Gradients', { exact: true }).first().waitFor();
    await page.keyboard.press('Enter');
    await input.getByText('Judge by which metrics?').waitFor();
    await input.getByText('Average drop', { exact: true }).first().waitFor();
    await page.keyboard.press('Enter');
    const running = page.locator('.statusbar-item').filter({ hasText: /Evaluating \d+ %/ });
    await running.waitFor();
    frame = await workbench().webview('prism-report');
    await frame.getByText(/^[1-9]\d* of 8 pictures judged/).waitFor();
    await frame.getByRole('button', { name: 'Cancel' }).click();
    await frame.locator('.page[data-status="stopped"]').waitFor();
    await running.waitFor({ state: 'detached' });
    const judged = Number.parseInt(await frame.getByText(/of 8 pictures judged/).innerText(), 10);
    expect(judged).toBeLessThan(8);
    await frame.getByRole('button', { name: 'Go on' }).click();
    const told = frame.locator('prism-progress .message', { hasText: /\d+ of 40 · / });
    // Five methods on each of the pictures.
    expect(Number.parseInt(await told.innerText(), 10)).toBeGreaterThan(5 * judged);
    await running.click();
    await frame.locator('.page[data-status="ready"]').waitFor({ timeout: 120_000 });
    await frame.getByText('8 of 8 pictures judged').waitFor();
    await running.waitFor({ state: 'detached' });
  });
});
