import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { explained } from '../support/vscode/explained';
import { useWorkbench } from '../support/vscode/use-workbench';
import { until } from '../support/vscode/wait';

/** The training code beside the explanation: what its lines made, and from a path that is written somewhere to a map. */

const picture = 'watermark/pictures/0000_hexagon.plain.png';

describe('beside the training code', () => {
  const workbench = useWorkbench(() => ({
    workspace: 'media/sample',
    settings: { 'modelPrism.provider': 'cpu', 'modelPrism.source.gutter': true },
  }));

  const lens = (text: string | RegExp): Locator =>
    workbench().page.locator('.codelens-decoration a').filter({ hasText: text }).first();
  const code = (): string[] => readFileSync(path.join(workbench().folder, 'watermark/train.py'), 'utf8').split('\n');

  test('a lens tells what its line made, beside a bar in the margin', async () => {
    await workbench().contextMenu(picture, 'Explain with Model Prism');
    await explained(workbench());
    await workbench().openFile('watermark/train.py');
    // The convolutions have parameters beside; the line of the rectifiers made five layers.
    const rectifiers = lens(/^5 places in the model · 1×16×64×64 … 1×96×8×8 · \S+ … \S+ of the relevance/);
    await rectifiers.waitFor({ timeout: 60_000 });
    await until('bars in the margin', async () => (await workbench().page.locator('.cgmr').count()) > 1);
  });

  test('a lens opens the layer in the panel, which leads back to the line', async () => {
    await workbench().openFile('watermark/train.py');
    await lens(/^5 places in the model/).click();
    await workbench().page.locator('.quick-input-list .monaco-list-row').nth(2).click();
    // Thumbnails show layers too; the grid of feature vectors is there only when one is open.
    const panel = await workbench().webview('[data-pane="grid"]');
    await panel.getByRole('button', { name: 'Go to code' }).click();
    const rectifiers = code().findIndex((line) => line.includes('self.relu = ')) + 1;
    await workbench().status(new RegExp(`Ln ${rectifiers},`));
  });

  test('a path in a table has a lens that explains the picture', async () => {
    const other = 'pictures/0000_hexagon.watermark.png';
    writeFileSync(path.join(workbench().folder, 'watermark/table.csv'), `name,path\nhexagon,${other}\n`);
    await workbench().openFile('watermark/table.csv');
    await lens(/^Explain$/).waitFor();
    expect(await workbench().page.locator('.codelens-decoration a').allInnerTexts()).toEqual(['Explain']);
    await lens(/^Explain$/).click();
    await workbench()
      .page.getByRole('tab', { name: path.basename(other) })
      .waitFor();
  });

  test('typing into a long file', async () => {
    const file = path.join(workbench().folder, 'watermark/train.py');
    const filler = Array.from({ length: 4900 }, (_, i) => `def unused_${i}(x): return x + ${i}`);
    writeFileSync(file, [...code(), ...filler, ''].join('\n'));
    await workbench().openFile('watermark/train.py');
    const { page } = workbench();
    await lens(/places in the model/).waitFor({ timeout: 60_000 });
    await page
      .locator('.view-lines:visible')
      .last()
      .click({ position: { x: 5, y: 5 } });
    await page.keyboard.press('Control+Home');
    const keys = [...'every_key_is_timed'];
    const times: number[] = [];
    for (const [index, key] of keys.entries()) {
      const start = performance.now();
      await page.keyboard.type(key);
      const typed = keys.slice(0, index + 1).join('');
      await page.locator('.view-line').filter({ hasText: typed }).first().waitFor();
      times.push(performance.now() - start);
    }
    const [median, longest] = [times.sort((a, b) => a - b)[times.length >> 1], Math.max(...times)];
    console.log(`a key in a file of 5 000 lines: median ${median?.toFixed(0)} ms, longest ${longest.toFixed(0)} ms`);
  });
});
