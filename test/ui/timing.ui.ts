import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { PanelDriver } from '../support/panel-driver';
import { explained } from '../support/vscode/explained';
import { useWorkbench } from '../support/vscode/use-workbench';
import { until } from '../support/vscode/wait';

/** How long a person waits, reported and not asserted: from the click or the move to the paint. */

const report = path.resolve(import.meta.dirname, '../../out/results/timings-ui.json');
const layer = { id: '/_blocks.9/Add_output_0', width: 14, height: 14 };
const picture = (name: string): string => `imagenet/photographs/${name}`;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

describe('time', () => {
  const workbench = useWorkbench(() => ({ workspace: 'media/sample', settings: { 'modelPrism.provider': 'cpu' } }));
  const times: Record<string, number> = {};
  let panel: PanelDriver;

  afterAll(() => {
    mkdirSync(path.dirname(report), { recursive: true });
    writeFileSync(report, `${JSON.stringify(times, undefined, 2)}\n`);
    for (const [what, ms] of Object.entries(times)) console.log(`${what}: ${ms.toFixed(0)} ms`);
  });

  /** Clicks the menu item and returns when, by the clock that all processes share. */
  const explain = async (file: string): Promise<number> => {
    const row = await workbench().reveal(file);
    const item = workbench().page.getByRole('menuitem', { name: 'Explain with Model Prism' });
    await until('the menu', async () => {
      await row.click({ button: 'right' });
      await item.waitFor({ timeout: 1500 });
      return true;
    });
    return workbench().takeItem(item);
  };

  /** When the panes were painted with what, noted in the panel itself. */
  const watchPaints = () =>
    panel.frame.evaluate(() => {
      const paints: [string, number][] = [];
      const note = (element: Element): void => {
        const canvas = element as HTMLCanvasElement;
        paints.push([`${canvas.dataset.pane ?? 'small'} ${canvas.dataset.map}`, Date.now()]);
      };
      const watch = (root: ParentNode): void => {
        for (const element of root.querySelectorAll('*')) if (element.shadowRoot) watchRoot(element.shadowRoot);
      };
      const watchRoot = (root: ShadowRoot): void => {
        new MutationObserver((changes) => {
          for (const { target, type } of changes) if (type === 'attributes') note(target as Element);
          watch(root);
        }).observe(root, { subtree: true, attributes: true, attributeFilter: ['data-painted'] });
        watch(root);
      };
      watch(document);
      Object.assign(window, { paints });
    });

  const paintOf = (what: string, after: number): Promise<number> =>
    until(`the paint of ${what}`, () =>
      panel.frame.evaluate(
        ([wanted, start]) => {
          const { paints } = window as unknown as { paints: [string, number][] };
          return paints.find(([name, at]) => name === wanted && at >= start)?.[1];
        },
        [what, after] as const,
      ),
    );

  /** Waits until the layers' maps have been painted and nothing more comes. */
  const settled = () =>
    until('the panel to come to rest', () =>
      panel.frame.evaluate(() => {
        const { paints } = window as unknown as { paints: [string, number][] };
        return Date.now() - (paints.at(-1)?.[1] ?? 0) > 700;
      }),
    );

  /** The readers' map that was painted last, and when that was first done. */
  const readersShown = () =>
    panel.frame.evaluate(() => {
      const { paints } = window as unknown as { paints: [string, number][] };
      const last = paints.findLast(([name]) => name.startsWith('grid readers:'))?.[0];
      return [last, paints.find(([name]) => name === last)?.[1]] as const;
    });

  test('of the first explanation', async () => {
    // The extension is active by now, the engine is not.
    await workbench().offersCommand('Model Prism: Restart Engine');
    const start = await explain(picture('chelsea.png'));
    panel = await explained(workbench(), 'class:282');
    times['right-click to painted, engine and cache cold'] = Date.now() - start;
    expect(times['right-click to painted, engine and cache cold']).toBeGreaterThan(0);
  });

  test('of further explanations', async () => {
    await watchPaints();
    const files: [string, number][] = [
      ['coffee.png', 967],
      ['camera.png', 872],
      ['flower.jpg', 985],
      ['rocket.jpg', 657],
      ['chelsea.png', 282],
    ];
    const taken: number[] = [];
    for (const [file, target] of files) {
      await settled();
      const start = await explain(picture(file));
      taken.push((await paintOf(`map class:${target}`, start)) - start);
    }
    times['right-click to painted, warm (median of 5 photographs)'] = median(taken);
    expect(taken).toHaveLength(5);
  });

  test('of another class', async () => {
    const taken: number[] = [];
    for (const target of [285, 281, 287, 282, 285]) {
      await settled();
      const row = panel.frame.locator(`[data-class="${target}"]`);
      const start = Date.now();
      await row.click();
      taken.push((await paintOf(`map class:${target}`, start)) - start);
    }
    times['click on a class to painted (median of 5)'] = median(taken);
    expect(taken).toHaveLength(5);
  });

  test('of receptive fields', async () => {
    await settled();
    await panel.layer(layer.id).click();
    await panel.painted('grid', `layer:${layer.id}`);
    await watchPaints();
    const taken: number[] = [];
    for (let i = 0; i < 12; i++) {
      const [x, y] = [(i * 5) % 14, (i * 3) % 14];
      const point = await panel.pointOf('grid', layer, x, y);
      const start = Date.now();
      await panel.page.mouse.move(point.x, point.y);
      taken.push((await paintOf(`map erf:${layer.id}@${y},${x}`, start)) - start);
    }
    times['pointer on another PFV to its ERF painted (median of 12)'] = median(taken);
    const back: number[] = [];
    for (let i = 0; i < 12; i++) {
      const [before] = await readersShown();
      const point = await panel.pointOf('map', layer, 1 + ((i * 5) % 12), 1 + ((i * 3) % 12));
      const start = Date.now();
      await panel.page.mouse.move(point.x, point.y);
      const painted = await until('other readers', async () => {
        const [name, at] = await readersShown();
        return name !== before && at;
      });
      back.push(painted - start);
    }
    times['pointer on another place to its readers painted (median of 12)'] = median(back);
    expect(taken.length + back.length).toBe(24);
  });

  test('of the first explanation of a restarted engine', async () => {
    await workbench().command('Model Prism: Restart Engine');
    await workbench().notification('The engine was restarted');
    await panel.frame.locator('body').press('Backspace');
    await settled();
    const start = await explain(picture('coffee.png'));
    times['right-click to painted, engine new, cache warm'] = (await paintOf('map class:967', start)) - start;
    expect(times['right-click to painted, engine new, cache warm']).toBeGreaterThan(0);
  });
});
