/**
 * Draws the README's pictures: the sample workspace with an explained photograph, in the dark and the light theme.
 *   npm run screenshot
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { prepareMachine } from '../test/support/vscode/prepare';
import { until } from '../test/support/vscode/wait';
import { openWindow } from '../test/support/vscode/window';
import { type Theme, themes, Workbench } from '../test/support/vscode/workbench';

const photograph = 'imagenet/photographs/chelsea.png';

const scratch = mkdtempSync(path.join(os.tmpdir(), 'prism-screenshot-'));
const sample = path.join(scratch, 'sample');

/** Explains the photograph in a fresh window and takes a picture once the map and the first layers are painted. */
async function draw(machine: Awaited<ReturnType<typeof prepareMachine>>, theme: Theme): Promise<void> {
  const settings = { 'workbench.colorTheme': themes[theme].name };
  const window = await openWindow(machine, sample, { settings, width: 1440, height: 900, scale: 1.5 });
  try {
    const workbench = await new Workbench(window, sample).ready();
    await workbench.contextMenu(photograph, 'Explain with Model Prism');
    const panel = await workbench.webview('canvas[data-painted]');
    await until(
      'the layers’ maps',
      async () => (await panel.locator('prism-layers canvas[data-painted]').count()) >= 6,
    );
    // Away from everything that answers to the pointer.
    await workbench.page.mouse.move(0, 0);
    const raw = path.join(scratch, `${theme}.png`);
    await workbench.screenshot(raw);
    const picture = path.resolve('media', `screenshot-${theme}.png`);
    await sharp(raw).png({ palette: true, quality: 90, effort: 10 }).toFile(picture);
    console.log(picture);
  } finally {
    await window.close();
  }
}

try {
  cpSync('media/sample', sample, { recursive: true });
  const machine = await prepareMachine(path.join(scratch, 'extensions'));
  for (const theme of ['dark', 'light'] as const) await draw(machine, theme);
} finally {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}
