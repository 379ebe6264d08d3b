import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { PanelDriver } from '../support/panel-driver';
import { useWorkbench } from '../support/vscode/use-workbench';
import { until } from '../support/vscode/wait';

/** Methods beside each other, as a person compares them in a real VS Code. */

const picture = 'watermark/pictures/0000_hexagon.plain.png';

describe('comparing methods', () => {
  const workbench = useWorkbench(() => ({ workspace: 'media/sample', settings: { 'modelPrism.provider': 'cpu' } }));
  let panel: PanelDriver;
  const cell = (method: string) => panel.frame.locator(`prism-compared[data-method="${method}"]`);

  test('by the menu of a picture: what fits is proposed, and each method gets its picture', async () => {
    const { page } = workbench();
    await workbench().contextMenu(picture, 'Compare Methods…');
    const list = page.locator('.quick-input-widget');
    await list.getByText('Integrated Gradients', { exact: true }).first().waitFor();
    await list.locator('input.input').fill('attention-rollout');
    await list.getByText('needs attention').first().waitFor();
    await list.locator('input.input').fill('');
    await page.keyboard.press('Enter');
    panel = new PanelDriver(page, await workbench().webview('prism-comparison'));
    for (const method of ['srd', 'gradient', 'integrated-gradients', 'grad-cam', 'lrp']) {
      await cell(method).locator(`canvas[data-map="method:${method}"][data-painted]`).waitFor();
      await cell(method).getByText('score').waitFor();
      await cell(method).locator('[data-fact="time"]').waitFor();
    }
    await panel.frame.getByText('5 methods').waitFor();
    const maps = await Promise.all(
      ['gradient', 'grad-cam'].map((method) =>
        cell(method)
          .locator('canvas')
          .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL()),
      ),
    );
    expect(maps[0]).not.toBe(maps[1]);
  });

  test('another class is compared by the same methods', async () => {
    const label = await panel.frame.locator('prism-classes [role="option"] .label').nth(1).innerText();
    await panel.frame.locator('prism-classes [role="option"]').nth(1).click();
    await panel.frame.locator('prism-comparison').getByText(label, { exact: true }).waitFor();
    await panel.frame.getByText('5 methods').waitFor();
  });

  test('goes to a file as one picture', async () => {
    await panel.frame.getByRole('button', { name: 'Export the comparison' }).click();
    const file = path.join(workbench().folder, 'watermark/pictures/0000_hexagon.plain.comparison.png');
    await until(
      'the picture to be written',
      async () => {
        if (existsSync(file) && statSync(file).size > 0) return true;
        await workbench().page.locator('.quick-input-widget input.input').press('Enter', { timeout: 1000 });
        return false;
      },
      { every: 500 },
    );
    // Six pictures of 320 pixels, three in a row.
    const { width, height } = await sharp(file).metadata();
    expect([width, height]).toEqual([16 + 3 * 336, 16 + 2 * 380]);
  });

  test('a click on a method shows it by itself, and there is a way back', async () => {
    await cell('grad-cam').getByRole('button').click();
    await panel.canvas('map').waitFor();
    await panel.frame
      .locator('prism-header vscode-option[selected]')
      .getByText('Grad-CAM', { exact: true })
      .waitFor({ state: 'attached' });
    await panel.frame.getByRole('button', { name: 'Back to the comparison' }).click();
    await cell('lrp').locator('canvas[data-painted]').waitFor();
  });

  test('another class stands beside it, and goes away again', async () => {
    const { frame } = panel;
    await frame.getByRole('button', { name: 'Compare for another class' }).click();
    const named = frame.getByRole('menuitem').first();
    const label = (await named.innerText()).trim();
    await named.click();
    const heads = frame.locator('prism-comparison [role="columnheader"]');
    await heads.nth(1).getByText(label, { exact: true }).waitFor();
    await frame.getByText('10 of 10 maps').waitFor();
    const maps = await Promise.all(
      [0, 1].map(async (column) => {
        const canvas = frame.locator(`prism-compared[data-method="lrp"][data-column="${column}"] canvas[data-painted]`);
        await canvas.waitFor();
        return canvas.evaluate((painted: HTMLCanvasElement) => painted.toDataURL());
      }),
    );
    expect(maps[0]).not.toBe(maps[1]);
    await frame.getByRole('button', { name: `No longer compare for ${label}` }).click();
    await heads.first().waitFor({ state: 'detached' });
    await cell('lrp').locator('canvas[data-painted]').waitFor();
    expect(await panel.frame.locator('prism-compared[data-column]').count()).toBe(5);
    await frame.getByRole('button', { name: /^Back to (?!the comparison)/ }).click();
    await frame.getByText('10 of 10 maps').waitFor();
    await frame.getByRole('button', { name: `No longer compare for ${label}` }).click();
    await heads.first().waitFor({ state: 'detached' });
  });

  test('is there again after the panel was hidden, in another theme', async () => {
    await workbench().openFile('watermark/labels.txt');
    await workbench().theme('light');
    await workbench().page.getByRole('tab', { name: '0000_hexagon.plain.png' }).click();
    panel = new PanelDriver(workbench().page, await workbench().webview('prism-comparison'));
    await cell('lrp').locator('canvas[data-painted]').waitFor();
    await panel.frame.getByText('5 methods').waitFor();
  });
});
