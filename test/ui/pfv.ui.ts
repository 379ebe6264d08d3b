import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { PanelDriver } from '../support/panel-driver';
import { explained } from '../support/vscode/explained';
import { useWorkbench } from '../support/vscode/use-workbench';
import { until } from '../support/vscode/wait';

/** From a feature vector back through the network and on to other pictures, in a real VS Code with the real engine. */

const layer = { id: '/_blocks.9/Add_output_0', width: 14, height: 14 };
const folder = 'imagenet/photographs';

describe('a feature vector', () => {
  const workbench = useWorkbench(() => ({ workspace: 'media/sample', settings: { 'modelPrism.provider': 'cpu' } }));
  let panel: PanelDriver;
  const sources = () => panel.frame.getByRole('listbox', { name: 'What the PFV is made of' }).getByRole('option');

  test('shows what it is made of, over the block and over its shortcut', async () => {
    await workbench().contextMenu(`${folder}/chelsea.png`, 'Explain with Model Prism');
    panel = await explained(workbench(), 'class:282');
    await panel.layer(layer.id).click();
    await panel.painted('grid', `layer:${layer.id}`);
    await panel.click('grid', layer, 4, 6);
    await sources().first().waitFor();
    // Both come with a kernel of 1 × 1 or none: one vector each, at the same place.
    const texts = (await sources().allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
    expect(texts).toHaveLength(2);
    for (const text of texts) expect(text).toMatch(/^4, 6 /);
    expect(await panel.text('prism-pfv-sources')).toContain('all shares100 %');
    await until('a line', async () => (await panel.frame.locator('prism-pfv-lines g[data-source]').count()) === 1);
  });

  test('leads backwards through the network', async () => {
    await sources().first().click();
    await until(
      'the layer before',
      async () => (await panel.canvas('grid').getAttribute('data-map')) !== `layer:${layer.id}`,
    );
    await panel.frame
      .getByRole('option', { name: /^channel \d+/ })
      .first()
      .waitFor();
    const shown = await panel.canvas('map').getAttribute('data-map');
    await panel.frame
      .getByRole('option', { name: /^channel \d+/ })
      .first()
      .click();
    await until(
      'the channel',
      async () => (await panel.canvas('map').getAttribute('data-map'))?.startsWith('channel:') ?? false,
    );
    await panel.frame
      .getByRole('option', { name: /^channel \d+/ })
      .first()
      .click();
    await until('the field', async () => (await panel.canvas('map').getAttribute('data-map')) === shown);
  });

  test('has its like in other pictures; a click explains one of them there', async () => {
    await panel.layer(layer.id).click();
    await panel.painted('grid', `layer:${layer.id}`);
    await panel.click('grid', layer, 4, 6);
    await panel.frame.getByRole('button', { name: 'Look in the image’s folder' }).click();
    const count = readdirSync(`media/sample/${folder}`).filter((name) => /\.(png|jpe?g)$/.test(name)).length;
    await panel.frame.getByText(`${count} images of photographs were looked at.`).waitFor({ timeout: 60_000 });
    const found = panel.frame.locator('prism-pfv-alike li button');
    const places = await found.evaluateAll((all) => all.map(({ dataset }) => String(dataset.alike)));
    expect(places.length).toBeGreaterThan(1);
    const at = places.findIndex((place) => !place.startsWith('chelsea.png'));
    const [, name, y, x] = /^(.+)@(\d+),(\d+)$/.exec(places[at]!)!;
    await found.nth(at).click();
    await workbench().page.getByRole('tab', { name }).waitFor();
    await panel.painted('map', `erf:${layer.id}@${y},${x}`);
  });
});
