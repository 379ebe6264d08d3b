import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadCase } from '../support/cases';
import type { PanelDriver } from '../support/panel-driver';
import { explained } from '../support/vscode/explained';
import { useWorkbench } from '../support/vscode/use-workbench';

/** What a person has chosen in the panel, and that it stays, in a real VS Code. */

const picture = 'watermark/pictures/0000_hexagon.plain.png';

describe('what was chosen', () => {
  const workbench = useWorkbench(() => ({ workspace: 'media/sample', settings: { 'modelPrism.provider': 'cpu' } }));
  let panel: PanelDriver;
  let label: string;
  let layer: string;
  const selected = () => panel.frame.locator('prism-classes [aria-selected="true"] .label');

  test('is another class and a layer', async () => {
    await workbench().contextMenu(picture, 'Explain with Model Prism');
    panel = await explained(workbench());
    const second = panel.frame.locator('prism-classes [role="option"]').nth(1);
    label = await second.locator('.label').innerText();
    await second.click();
    await selected().getByText(label, { exact: true }).waitFor();
    const last = panel.frame.locator('[data-layer]').last();
    layer = (await last.getAttribute('data-layer'))!;
    await last.click();
    await panel.painted('grid', `layer:${layer}`);
  });

  test('stays when the panel was hidden and the theme is another', async () => {
    await workbench().openFile('watermark/labels.txt');
    await workbench().theme('light');
    await workbench()
      .page.getByRole('tab', { name: path.basename(picture) })
      .click();
    panel = await explained(workbench());
    await panel.painted('grid', `layer:${layer}`);
    expect(await selected().innerText()).toBe(label);
  });

  test('stays when the window was opened again', async () => {
    const { page } = workbench();
    // A page that is simply loaded again has not been asked to save what its editors keep.
    await Promise.all([page.waitForEvent('domcontentloaded'), workbench().command('Developer: Reload Window')]);
    await workbench().ready();
    panel = await explained(workbench());
    await panel.painted('grid', `layer:${layer}`);
    expect(await selected().innerText()).toBe(label);
    await panel.frame.locator('body').press('Backspace');
  });

  test('is another method, by the list of the panel; what does not fit cannot be taken', async () => {
    await panel.frame.locator('vscode-option[disabled]').getByText('Attention Rollout').waitFor({ state: 'attached' });
    await panel.choose('Method', 'Gradient × Input');
    await panel.frame
      .locator('prism-header vscode-option[selected]')
      .getByText('Gradient × Input', { exact: true })
      .waitFor({ state: 'attached' });
    await panel.announced(`Explained as ${label}`);
  });

  test('is judged by metrics', async () => {
    const { page } = workbench();
    await panel.frame.getByRole('button', { name: 'Judge this map' }).click();
    const list = page.locator('.quick-input-widget');
    await list.getByText('Average drop', { exact: true }).first().waitFor();
    await page.keyboard.press('Enter');
    const value = panel.frame.locator('tr[data-metric="deletion"] td.number');
    await value.waitFor();
    expect(Number(await value.innerText())).toBeGreaterThan(0);
    expect(await panel.frame.locator('tr[data-metric]').count()).toBe(4);
  });

  test('is a box of a detector', async () => {
    const { folder } = workbench();
    mkdirSync(path.join(folder, 'boxes'));
    cpSync(path.join(folder, picture), path.join(folder, 'boxes/thing.png'));
    writeFileSync(path.join(folder, 'boxes/detector.onnx'), loadCase('A-mini_yolo').bytes());
    await workbench().contextMenu('boxes/thing.png', 'Explain with Model Prism');
    panel = await explained(workbench());
    const boxes = panel.frame.locator('prism-boxes [role="option"]');
    await boxes.nth(1).waitFor();
    const score = await boxes.nth(1).getAttribute('data-score');
    await boxes.nth(1).click();
    await panel.frame.locator(`prism-boxes [aria-selected="true"][data-score="${score}"]`).waitFor();
  });
});
