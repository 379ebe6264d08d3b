import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openDemo, type PanelOptions, PanelPage } from '../support/panel-demo/panel-page';

/** The panel as an instrument, in a browser with a fake host. */

let demoSite: Awaited<ReturnType<typeof openDemo>>;
let panel: PanelPage;

const open = async (options?: PanelOptions): Promise<void> => {
  panel = await PanelPage.open(demoSite.browser, demoSite.site, options);
  await panel.painted('map', 'class:282');
};

beforeAll(async () => {
  demoSite = await openDemo();
});

afterAll(() => demoSite.close());

afterEach(async () => {
  const { troubles } = panel;
  await panel.close();
  expect(troubles).toEqual([]);
});

describe('history', () => {
  test('has buttons that say where they lead, and keys; an open layer is left first', async () => {
    await open();
    const back = panel.frame.getByRole('button', { name: /^Back/ });
    expect(await back.isDisabled()).toBe(true);
    await panel.frame.getByRole('option', { name: /^Egyptian cat/ }).click();
    await panel.painted('map', 'class:285');
    const named = panel.frame.getByRole('button', { name: /^Back to chelsea.png · .* · tiger cat$/ });
    expect(await named.isEnabled()).toBe(true);
    await panel.layer('/_blocks.9/Add_output_0').click();
    await panel.painted('grid', 'layer:/_blocks.9/Add_output_0');
    await panel.page.keyboard.press('Alt+ArrowLeft');
    await panel.announced(/^Map of/);
    expect(await panel.calls('go')).toEqual([]);
    await panel.page.keyboard.press('Alt+ArrowLeft');
    const forward = panel.frame.getByRole('button', { name: /^Forward to .* · Egyptian cat$/ });
    await forward.waitFor();
    await forward.click();
    expect(await panel.calls('go')).toEqual([{ by: -1 }, { by: 1 }]);
  });
});
