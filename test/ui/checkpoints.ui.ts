import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { exportModel } from '../../src/graph/export';
import { importModel } from '../../src/graph/import';
import type { Graph, Tensor } from '../../src/graph/ir';
import { float32, toNumbers } from '../../src/graph/tensor';
import { useWorkbench } from '../support/vscode/use-workbench';
import { until } from '../support/vscode/wait';

/** A training as a person watches it: pinned images, checkpoints as they are written, two of them side by side. */

const pictures = ['0000_hexagon.plain.png', '0000_hexagon.watermark.png'];

/** The model with the weights of its last layer turned round: it decides otherwise. */
function turned(file: string): Uint8Array {
  const graph: Graph = importModel(file);
  const layers = graph.nodes.filter(({ op }) => op === 'Gemm' || op === 'Conv');
  const name = layers.at(-1)!.inputs[1]!;
  const weights = graph.initializers.get(name) as Tensor;
  const other = float32(
    Float32Array.from(toNumbers(weights), (value) => -value),
    weights.shape,
  );
  return exportModel({ ...graph, initializers: new Map([...graph.initializers, [name, other]]) });
}

describe('watching a training', () => {
  const workbench = useWorkbench(() => ({
    workspace: 'media/sample',
    settings: { 'modelPrism.provider': 'cpu', 'modelPrism.checkpoints': 'watermark/runs/*.onnx' },
  }));
  let view: Frame;

  const file = (name: string): string => path.join(workbench().folder, 'watermark', name);
  const write = (name: string, data: Uint8Array): void => {
    copyFileSync(file('glyphs.prism.json'), file(`runs/${name}.prism.json`));
    writeFileSync(file(`runs/${name}.onnx`), data);
  };
  const painted = (count: number): Promise<unknown> =>
    until(`${count} maps`, async () => (await view.locator('button.cell canvas[data-painted]').count()) === count);

  test('pictures are pinned by their menu in the Explorer', async () => {
    mkdirSync(file('runs'));
    copyFileSync(file('labels.txt'), file('runs/labels.txt'));
    for (const picture of pictures) {
      await workbench().contextMenu(`watermark/pictures/${picture}`, 'Pin Image for Checkpoints');
    }
    view = await workbench().webview('prism-checkpoints');
    await view.locator('tr[data-image]').nth(1).waitFor();
    expect(await view.locator('tr[data-image]').count()).toBe(pictures.length);
  });

  test('each checkpoint adds a column with its maps', async () => {
    const start = performance.now();
    write('epoch-1', readFileSync(file('glyphs.onnx')));
    await painted(2);
    console.log(`checkpoint written → strip of ${pictures.length} images: ${Math.round(performance.now() - start)} ms`);
    write('epoch-2', turned(file('glyphs.onnx')));
    await painted(4);
    const cells = view.locator('tr[data-image]').first().locator('button.cell');
    expect(await cells.first().innerText()).toContain('hexagon');
    expect(await cells.nth(1).getAttribute('aria-label')).toContain('other prediction');
    expect(await view.locator('thead th').allInnerTexts()).toEqual([
      'watermark/runs/*.onnx',
      expect.stringContaining('epoch-1'),
      expect.stringContaining('epoch-2'),
    ]);
  });

  test('a click shows a checkpoint beside the one before, and their difference', async () => {
    await view.locator('tr[data-image]').first().locator('button.cell').nth(1).click();
    await until('three maps', async () => (await view.locator('aside canvas[data-painted]').count()) === 3);
    expect(await view.locator('aside figcaption').allInnerTexts()).toEqual([
      expect.stringContaining('epoch-1'),
      expect.stringContaining('epoch-2'),
      'Difference',
    ]);
    await view.getByRole('button', { name: 'Explain in the panel' }).click();
    await workbench().page.getByRole('tab', { name: pictures[0] }).waitFor();
  });

  test('unpinning takes a row away', async () => {
    await view.getByRole('button', { name: `Unpin ${pictures[1]}` }).click();
    await until('one row', async () => (await view.locator('tr[data-image]').count()) === 1);
  });

  test('two of them are compared layer by layer', async () => {
    await workbench().contextMenu('watermark/runs/epoch-1.onnx', 'Compare Two Models…');
    await workbench().pick('epoch-2.onnx');
    const models = await workbench().webview('prism-two-models');
    // Only the weights of the last layer were changed.
    await models.getByRole('heading', { name: /the models part at logits/ }).waitFor({ timeout: 60_000 });
    const cosines = await models.locator('tbody tr td:nth-child(4)').allInnerTexts();
    expect(cosines.length).toBeGreaterThan(3);
    expect(cosines.slice(0, -1).every((cosine) => Number(cosine) > 0.999)).toBe(true);
    expect(Number(cosines.at(-1))).toBeLessThan(0.5);
    await until('three maps', async () => (await models.locator('canvas[data-painted]').count()) === 3);
    await models.locator('tbody tr').nth(1).click();
    await models.locator('tbody tr[aria-selected="true"]').waitFor();
    await until('the maps of the layer', async () => (await models.locator('canvas[data-painted]').count()) === 3);
  });
});
