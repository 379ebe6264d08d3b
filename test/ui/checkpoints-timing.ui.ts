import { copyFileSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { useWorkbench } from '../support/vscode/use-workbench';
import { sleep } from '../support/vscode/wait';

/** How long a checkpoint takes to be seen, reported and not asserted: from the end of writing to the last paint. */

const workspace = 'test/cases/models/fashion-resnet';
const report = path.resolve(import.meta.dirname, '../../out/results/timings-checkpoints.json');

describe('time', () => {
  const workbench = useWorkbench(() => ({
    workspace,
    settings: { 'modelPrism.provider': 'cpu', 'modelPrism.checkpoints': 'checkpoints/*.onnx' },
  }));
  const times: Record<string, number> = {};
  let view: Frame;
  let images: readonly string[] = [];

  afterAll(() => {
    mkdirSync(path.dirname(report), { recursive: true });
    writeFileSync(report, `${JSON.stringify(times, undefined, 2)}\n`);
    for (const [what, ms] of Object.entries(times)) console.log(`${what}: ${ms.toFixed(0)} ms`);
  });

  const inFolder = (...names: string[]): string => path.join(workbench().folder, ...names);

  /** When so many maps had been painted, by the clock that all processes share: the first of them and the last. */
  const paints = (count: number) =>
    view.evaluate(
      (wanted) =>
        new Promise<[number, number]>((resolve) => {
          const strip = document.querySelector('prism-checkpoints')?.shadowRoot;
          const painted = (): number =>
            [...(strip?.querySelectorAll('button.cell prism-map') ?? [])].filter((map) =>
              map.shadowRoot?.querySelector('canvas[data-painted]'),
            ).length;
          const before = painted();
          let first = 0;
          const look = (): void => {
            const now = painted();
            if (now > before && first === 0) first = Date.now();
            if (now >= wanted) resolve([first, Date.now()]);
            else requestAnimationFrame(look);
          };
          look();
        }),
      count,
    );

  const write = (epoch: string, name: string): number => {
    const [draft, file] = [inFolder(`${name}.draft`), inFolder('checkpoints', `${name}.onnx`)];
    copyFileSync(inFolder('epochs', `${epoch}.onnx`), draft);
    const start = Date.now();
    renameSync(draft, file);
    return start;
  };

  test('of checkpoints after pictures were pinned', async () => {
    images = readdirSync(inFolder('samples')).filter((name) => name.endsWith('.png'));
    expect(images).toHaveLength(6);
    mkdirSync(inFolder('checkpoints'));
    // One by one: VS Code may drop a selection of several while an editor opens.
    for (const [index, image] of images.entries()) {
      await workbench().contextMenu(`samples/${image}`, 'Pin Image for Checkpoints');
      view = await workbench().webview('prism-checkpoints');
      await view.locator('tr[data-image]').nth(index).waitFor();
    }
    // As long as the shortest epoch.
    await sleep(3000);
    for (const [index, epoch] of ['epoch-02', 'epoch-03', 'epoch-02', 'epoch-03'].entries()) {
      const seen = paints(images.length * (index + 1));
      const start = write(epoch, `step-${index}`);
      const [first, last] = await seen;
      const what =
        index === 0 ? 'first checkpoint' : `checkpoint ${index + 1}${index > 1 ? ', weights seen before' : ''}`;
      times[`${what} written to its first map painted`] = first - start;
      times[`${what} written to the strip of 6 images painted`] = last - start;
      await sleep(300);
    }
    expect(Object.keys(times)).toHaveLength(8);
  });
});
