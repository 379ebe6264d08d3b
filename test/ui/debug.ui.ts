import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tools } from '../../scripts/bootstrap.mjs';
import { readNpy } from '../../src/inputs/npy';
import type { PanelDriver } from '../support/panel-driver';
import { explained } from '../support/vscode/explained';
import { useWorkbench } from '../support/vscode/use-workbench';
import { sleep, until } from '../support/vscode/wait';

/**
 * A real training of real PyTorch, stopped by debugpy in a real VS Code. What is shown is held against the same training
 * without a debugger: its weights exported by hand, its gradients by autograd, its weights at the end.
 */

const root = path.resolve(import.meta.dirname, '..', '..');
const pictures = path.join(root, 'media/sample/watermark/pictures');
/** On a desktop, the one that the person has: it needs debugpy, torch, numpy and pillow. */
const python = existsSync(tools.python) ? tools.python : 'python3';
const reference = mkdtempSync(path.join(os.tmpdir(), 'prism-reference-'));
const times: Record<string, number> = {};
const source = readFileSync(path.join(root, 'test/ui/debuggee/train.py'), 'utf8').split('\n');
/** Where the loss is known and nothing has gone back through it. */
const line = 1 + source.findIndex((text) => text.includes('optimizer.zero_grad'));

function runPython(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(python, args, {
    encoding: 'utf8',
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  if (status !== 0) throw new Error(`${args[0]} failed:\n${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

const array = (file: string): Float32Array => Float32Array.from(readNpy(readFileSync(file)).data as Float32Array);

/** The largest difference, by the largest magnitude there is. */
function distance(found: Float32Array, expected: Float32Array): number {
  expect(found.length).toBe(expected.length);
  const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  expect(most).toBeGreaterThan(0);
  return found.reduce((largest, value, i) => Math.max(largest, Math.abs(value - expected[i]!)), 0) / most;
}

describe('programs in the debuggee', () => {
  // Each test of the Python suite is one line on its standard error, `name (place) ... ok`.
  test('answer for arrays, modules and losses, and leave no trace', () => {
    const output = runPython(path.join(root, 'test/python/debuggee_test.py'));
    expect(Number(/Ran (\d+) tests/.exec(output)?.[1])).toBeGreaterThan(15);
    expect(output).toMatch(/^OK$/m);
  });
});

describe('at a breakpoint', () => {
  const workbench = useWorkbench(() => ({
    workspace: 'test/ui/debuggee',
    settings: { 'modelPrism.provider': 'cpu' },
    environment: { MODEL_PRISM_TEST_PYTHON: python, MODEL_PRISM_TEST_PICTURES: pictures, PYTHONDONTWRITEBYTECODE: '1' },
  }));
  let panel: PanelDriver;

  beforeAll(() => {
    const which = runPython(path.join(root, 'test/ui/debuggee/reference.py'), pictures, reference);
    console.log(`debugging ${which.trim()}`);
  });

  afterAll(() => {
    rmSync(reference, { recursive: true, force: true });
    const report = path.join(root, 'out/results/timings-debug.json');
    mkdirSync(path.dirname(report), { recursive: true });
    writeFileSync(report, `${JSON.stringify(times, undefined, 2)}\n`);
    for (const [what, ms] of Object.entries(times)) console.log(`${what}: ${ms.toFixed(0)} ms`);
  });

  /** Puts the cursor of the editor there, counting from 1. */
  const cursorAt = async (row: number, column = 1): Promise<void> => {
    const { page } = workbench();
    const box = page.locator('.quick-input-widget input.input');
    await until(`line ${row}, column ${column}`, async () => {
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+G');
      await box.fill(`:${row}:${column}`, { timeout: 1500 });
      // The box takes the key only once it has understood the line.
      await page.locator('.quick-input-list').getByText(`${row}`).first().waitFor({ timeout: 1500 });
      await page.keyboard.press('Enter');
      await box.waitFor({ state: 'hidden', timeout: 1500 });
      return page
        .locator('.statusbar-item')
        .filter({ hasText: `Ln ${row}, Col ${column}` })
        .first()
        .isVisible();
    });
  };

  /** Right-clicks a variable of the Variables view and takes an item of its menu; returns when that was clicked. */
  const variableMenu = (name: string, item: string): Promise<number> => rowMenu('variables', `${name} =`, item);

  const rowMenu = (view: 'variables' | 'watch', name: string, item: string): Promise<number> =>
    until(
      `${item} on ${name} of ${view}`,
      async () => {
        const { page } = workbench();
        await page.keyboard.press('Escape');
        const rows = page.locator(`.debug-${view} .monaco-list-row`);
        const row = rows.filter({ hasText: new RegExp(`^${name}`) }).first();
        await row.click({ button: 'right', timeout: 3000 });
        const entry = page.getByRole('menuitem', { name: item, exact: true }).last();
        await entry.waitFor({ timeout: 1500 });
        return workbench().takeItem(entry);
      },
      { timeout: 60_000 },
    );

  const paused = async (variable: string): Promise<void> => {
    const { page } = workbench();
    await page.locator('.debug-top-stack-frame-line').first().waitFor({ timeout: 60_000 });
    const rows = page.locator('.debug-variables .monaco-list-row');
    const wanted = rows.getByText(variable).first();
    await until('the variables', async () => {
      if (await wanted.isVisible()) return true;
      const locals = rows.filter({ hasText: 'Locals' }).first();
      if (!(await locals.isVisible()))
        await page
          .getByRole('tab', { name: /^Run and Debug/ })
          .first()
          .click({ timeout: 1000 });
      else if ((await locals.getAttribute('aria-expanded')) === 'false') {
        await locals.click({ timeout: 1000 });
        await page.keyboard.press('ArrowRight');
      }
      await wanted.waitFor({ timeout: 3000 });
      return true;
    });
  };

  /** The panel of an array, when it shows a painted item. */
  const viewer = (title: string, painted: string): Promise<Frame> =>
    until(
      `${title} painted as ${painted}`,
      async () => {
        const frame = await workbench().webview(`prism-array canvas[data-painted^="${painted}"]`, 5000);
        const shown = await frame.locator('prism-array header code').innerText();
        return shown === title ? frame : undefined;
      },
      { timeout: 60_000 },
    );

  const textOf = async (frame: Frame): Promise<string> => {
    const text = await frame.locator('prism-array').evaluate((host) => host.shadowRoot?.textContent ?? '');
    return text.replace(/\s+/g, ' ');
  };

  /** The raw values of the panel's map, once it is by the method. */
  const exported = async (name: string, method: string): Promise<Float32Array> => {
    const file = path.join(workbench().folder, name);
    const box = workbench().page.locator('.quick-input-widget input.input');
    // The dialog proposes a name that tells the method, and takes another only after that.
    await until(`a map by ${method}`, async () => {
      await workbench().page.keyboard.press('Escape');
      await panel.frame.getByRole('button', { name: 'Export' }).click({ timeout: 1000 });
      await panel.frame.getByRole('menuitem', { name: 'Raw values' }).click({ timeout: 1000 });
      await until('the name', async () => (await box.inputValue({ timeout: 500 })).endsWith('.npy'), { timeout: 5000 });
      return (await box.inputValue({ timeout: 500 })).includes(`.${method}.`);
    });
    await until(
      `${name} to be written`,
      async () => {
        if (existsSync(file)) return true;
        await box.fill(file, { timeout: 1000 });
        await sleep(300);
        if ((await box.inputValue({ timeout: 1000 })) === file) await box.press('Enter', { timeout: 1000 });
        return false;
      },
      { every: 500 },
    );
    return array(file);
  };

  test('stops where the step has its loss', async () => {
    const { page } = workbench();
    await workbench().openFile('train.py');
    const glyph = page.locator('.glyph-margin-widgets [class*="codicon-debug-breakpoint"]');
    await cursorAt(line);
    await until('the breakpoint', async () => {
      if ((await glyph.count()) === 0) await page.keyboard.press('F9');
      await glyph.first().waitFor({ timeout: 2000 });
      return true;
    });
    await page.keyboard.press('F5');
    await paused('loss');
    expect(await page.locator('.debug-top-stack-frame-line').count()).toBeGreaterThan(0);
  });

  test('a tensor is shown as a picture with what its values are like', async () => {
    await variableMenu('batch', 'View as Image/Heatmap');
    const frame = await viewer('batch', '0:0:');
    const text = await textOf(frame);
    expect(text).toContain('torch.Tensor');
    expect(text).toContain('6 × 1 × 28 × 28');
    expect(text).toContain('float32');
    expect(text).toContain(`train.py:${line}`);
    await frame.getByRole('slider', { name: 'Item' }).fill('3');
    await viewer('batch', '3:0:');
    await frame.getByRole('slider', { name: 'Item' }).fill('0');
    await viewer('batch', '0:0:');
  });

  /** Closes the picture of a variable. */
  const close = async (name: string): Promise<void> => {
    const tab = workbench().page.getByRole('tab', { name: new RegExp(`^${name}($|,)`) });
    await until(`${name} to close`, async () => {
      if ((await tab.count()) === 0) return true;
      await tab.first().click({ button: 'middle', timeout: 1000 });
      return false;
    });
  };

  test('the editor offers the same for the variable at the cursor', async () => {
    const { page } = workbench();
    await close('batch');
    const at = 1 + source.findIndex((text) => text.includes('logits = model(batch)'));
    const column = source[at - 1]!.indexOf('batch') + 2;
    await cursorAt(at, column);
    await until('the menu of the editor', async () => {
      await page.keyboard.press('Escape');
      await page.keyboard.press('Shift+F10');
      const item = page.getByRole('menuitem', { name: 'View as Image/Heatmap' }).last();
      await item.waitFor({ timeout: 2000 });
      return workbench().takeItem(item);
    });
    await viewer('batch', '0:0:');
  });

  test('Watch offers it for an expression', async () => {
    const { page } = workbench();
    const watched = page
      .locator('.debug-watch .monaco-list-row')
      .filter({ hasText: /^batch\[1\]/ })
      .first();
    await until('an expression to be watched', async () => {
      if (await watched.isVisible()) return true;
      await page.locator('.debug-watch').click({ timeout: 1000 });
      await page.getByRole('button', { name: 'Add Expression' }).click({ timeout: 1000 });
      const box = page.locator('.debug-watch input');
      await box.fill('batch[1]', { timeout: 1000 });
      await box.press('Enter');
      await watched.waitFor({ timeout: 5000 });
      return true;
    });
    await rowMenu('watch', 'batch\\[1\\]', 'View as Image/Heatmap');
    expect(await textOf(await viewer('batch[1]', '0:0:'))).toContain('1 × 28 × 28');
    await close('batch\\[1\\]');
  });

  test('64 MB are shown as quickly as one looks', async () => {
    const start = await variableMenu('bank', 'View as Image/Heatmap');
    const frame = await viewer('bank', '0:0:');
    times['64 MB tensor: click to painted'] = Date.now() - start;
    expect(await textOf(frame)).toContain('every 2th element is shown');
  });

  test('the live module explains its input as its weights exported by hand do', async () => {
    const start = await variableMenu('batch', 'Explain with Model Prism');
    panel = await explained(workbench());
    times['stop to live ResNet explained and painted, engine cold'] = Date.now() - start;
    const found = await exported('live.npy', 'srd');
    const cli = path.join(root, 'dist/cli.js');
    const out = path.join(reference, 'srd.npy');
    const given = [
      '--input',
      `input=${path.join(reference, '0/input.npy')}`,
      '--method',
      'srd',
      '--option',
      'contrastive=true',
      '--out',
      out,
    ];
    const { status, stderr } = spawnSync(
      process.execPath,
      [cli, 'explain', path.join(reference, '0/model.onnx'), ...given, '--provider', 'cpu'],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(distance(found, array(out))).toBeLessThan(1e-4);
  });

  test('its gradient is that of autograd', async () => {
    await panel.frame.getByRole('combobox', { name: 'Method' }).click();
    await panel.frame.getByRole('option', { name: 'Gradient', exact: true }).click();
    expect(
      distance(await exported('gradient.npy', 'gradient'), array(path.join(reference, '0/gradient.npy'))),
    ).toBeLessThan(1e-4);
  });

  /** Goes on to the next stop. */
  const proceed = async (): Promise<void> => {
    const { page } = workbench();
    await page.locator('.debug-toolbar [class*="codicon-debug-continue"]').click();
    await page
      .locator('.debug-toolbar [class*="codicon-debug-pause"]')
      .waitFor({ timeout: 2000 })
      .catch(() => {});
    await paused('batch');
  };

  /** A row of numbers below the picture: min, max, mean, zeros, NaN and the infinities. */
  const numbersOf = async (frame: Frame, row: string): Promise<number[]> => {
    const cells = frame.locator('prism-array tr').filter({ hasText: row }).locator('td');
    return (await cells.allInnerTexts()).map(Number);
  };

  const near = (found: number | undefined, expected: number) =>
    expect(Math.abs(found! - expected)).toBeLessThan(2e-3 * Math.abs(expected));

  test('at the next stop the picture shows the next batch', async () => {
    await panel.choose('Method', 'Sharing Ratio Decomposition');
    await variableMenu('batch', 'View as Image/Heatmap');
    await proceed();
    const expected = array(path.join(reference, '1/input.npy'));
    await until('the numbers of the next batch', async () => {
      const frame = await viewer('batch', '0:0:');
      const [min, max] = await numbersOf(frame, 'this item');
      near(min, Math.min(...expected));
      near(max, Math.max(...expected));
      return true;
    });
  });

  test('a second stop shows what changed', async () => {
    const start = await variableMenu('batch', 'Explain with Model Prism');
    const toast = await workbench().notification('The same was explained at');
    times['second stop to live ResNet explained'] = Date.now() - start;
    await toast.getByRole('button', { name: 'Show What Changed' }).click();
    const frame = await viewer('What changed', '0:0:');
    const text = await textOf(frame);
    expect(text).toContain('rank correlation');
    expect(text).toContain('Sharing Ratio Decomposition');
  });

  test('the loss listens to what autograd says', async () => {
    await variableMenu('loss', 'Show What the Loss Listens To');
    await workbench().pick('batch');
    const frame = await viewer('∂loss/∂batch', '0:0:');
    const expected = array(path.join(reference, '1/loss-gradient.npy'));
    const [min, max] = await numbersOf(frame, 'all');
    near(min, Math.min(...expected));
    near(max, Math.max(...expected));
  });

  test('the training goes on to the weights that it has without a stop', async () => {
    const { page } = workbench();
    const digest = path.join(workbench().folder, 'digest.txt');
    await until(
      'the end of the program',
      async () => {
        if (existsSync(digest)) return true;
        await page.locator('.debug-toolbar [class*="codicon-debug-continue"]').click({ timeout: 1000 });
        return false;
      },
      { every: 500, timeout: 90_000 },
    );
    await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    expect(readFileSync(digest, 'utf8')).toBe(readFileSync(path.join(reference, 'digest.txt'), 'utf8'));
    await page.getByRole('tab', { name: /^batch($|,)/ }).click();
    const frame = await viewer('batch', '0:0:');
    await frame.getByText('SESSION_ENDED').waitFor();
  });
});
