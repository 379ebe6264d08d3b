import { describe, expect, test } from 'vitest';
import { type PanelOptions, type PanelPage, useDemo } from '../support/panel-demo/panel-page';

/** The panel as an instrument, in a browser with a fake host. */

const openPage = useDemo();
let panel: PanelPage;

const open = async (options?: PanelOptions): Promise<void> => {
  panel = await openPage(options);
  await panel.painted('map', 'class:282');
};

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

describe('magnifying', () => {
  const zoomIn = async (pane: 'map' | 'photograph'): Promise<void> => {
    await panel.canvas(pane).focus();
    await panel.repainted(pane, () => panel.page.keyboard.press('+'));
  };
  const widths = async (): Promise<[number, number]> => [
    (await panel.area('photograph')).width,
    (await panel.area('map')).width,
  ];

  test('goes together as long as the pictures are linked, and survives a reload', async () => {
    await open();
    await panel.frame.getByRole('button', { name: 'Photograph and map side by side' }).click();
    await panel.painted('photograph', 'photograph');
    const whole = await widths();
    await zoomIn('map');
    const [photograph, map] = await widths();
    expect([photograph / whole[0], map / whole[1]].map((factor) => factor.toFixed(2))).toEqual(['1.50', '1.50']);
    const link = panel.frame.getByRole('button', { name: 'Zoom the pictures together' });
    await link.click();
    await panel.announced('Each picture is magnified by itself.');
    await zoomIn('map');
    expect((await widths())[1]).toBeCloseTo(1.5 * map, 0);
    expect((await widths())[0]).toBeCloseTo(photograph, 0);
    await panel.repainted('photograph', () => link.click());
    expect((await widths())[0]).toBeCloseTo(1.5 * photograph, 0);
    await link.click();
    await panel.page.reload();
    await panel.painted('photograph', 'photograph');
    expect(await link.getAttribute('aria-pressed')).toBe('false');
  });

  test('a PFV that is pointed at is the one that is there', async () => {
    await open();
    await panel.layer('/_blocks.9/Add_output_0').click();
    await panel.painted('grid', 'layer:/_blocks.9/Add_output_0');
    await panel.canvas('grid').focus();
    for (let i = 0; i < 3; i++) await panel.repainted('grid', () => panel.page.keyboard.press('+'));
    await panel.click('grid', { width: 14, height: 14 }, 7, 6);
    await panel.painted('map', 'erf:/_blocks.9/Add_output_0@6,7');
  });

  test('in a comparison the pictures go together; a drag is no click', async () => {
    await open();
    await panel.frame.getByRole('button', { name: 'Compare methods…' }).click();
    const cells = panel.frame.locator('canvas[data-pane="compared"][data-painted]');
    await cells.nth(2).waitFor();
    const width = (i: number): Promise<number> =>
      cells.nth(i).evaluate((canvas: HTMLCanvasElement) => Number(canvas.dataset.area!.split(' ')[2]));
    const before = await width(1);
    await panel.frame.locator('button.cell').first().focus();
    await panel.page.keyboard.press('+');
    await expect.poll(async () => (await width(1)) / before).toBeCloseTo(1.5, 1);
    expect((await width(2)) / before).toBeCloseTo(1.5, 1);
    const box = (await cells.nth(1).boundingBox())!;
    await panel.page.mouse.move(box.x + 60, box.y + 60);
    await panel.page.mouse.down();
    await panel.page.mouse.move(box.x + 100, box.y + 70, { steps: 3 });
    await panel.page.mouse.up();
    expect(await panel.calls('openCompared')).toEqual([]);
  });
});

describe('pinned pictures', () => {
  const chelsea = '/workspace/imagenet-lite0/samples/chelsea.png';
  const other = { path: '/workspace/dog.png', name: 'dog.png', source: 'data:,' };

  test('stand in a row: the keyboard chooses one, explains it and unpins it', async () => {
    await open();
    await panel.frame.getByRole('button', { name: 'Pin this picture' }).click();
    const row = panel.frame.getByRole('listbox', { name: /^Pinned pictures/ });
    await row.getByRole('option', { name: 'chelsea.png' }).waitFor();
    expect(await panel.calls('pinImage')).toEqual([{ image: chelsea, pinned: true }]);
    await panel.page.evaluate((pin) => demo.update({ pins: [...demo.state.pins!, pin] }), other);
    const shown = row.getByRole('option', { name: 'chelsea.png' });
    expect(await shown.getAttribute('aria-selected')).toBe('true');
    await row.getByRole('option', { name: 'dog.png' }).waitFor();
    await shown.focus();
    await panel.page.keyboard.press('ArrowRight');
    await panel.page.keyboard.press('Enter');
    await expect.poll(() => panel.calls('showImage')).toEqual([{ image: other.path }]);
    await panel.page.keyboard.press('Delete');
    await row.getByRole('option', { name: 'dog.png' }).waitFor({ state: 'detached' });
    const loaded = await shown.locator('img').evaluate((image: HTMLImageElement) => image.naturalWidth);
    expect(loaded).toBe(1);
  });
});

describe('two pictures in turns', () => {
  const button = (name: string) => panel.frame.getByRole('button', { name });

  test('map and photograph, by the key B and by the clock', async () => {
    await open();
    await button('Alternate two pictures').click();
    await panel.page.keyboard.press('b');
    await panel.painted('map', 'other:photograph');
    await panel.announced('Photograph');
    await panel.page.keyboard.press('b');
    await panel.painted('map', 'class:282');
    await button('Alternate by itself').click();
    await panel.painted('map', 'other:photograph');
    await panel.painted('map', 'class:282');
    await button('Pause').click();
    await button('Alternate two pictures').click();
    await panel.painted('map', 'class:282');
  });

  test('the map and the one before it', async () => {
    await open();
    await panel.frame.getByRole('option', { name: /^Egyptian cat/ }).click();
    await panel.painted('map', 'class:285');
    await button('Alternate two pictures').click();
    await panel.choose('Alternate with', /^chelsea.png/);
    await panel.page.keyboard.press('b');
    await panel.painted('map', 'other:before');
    expect(await panel.calls('before')).toHaveLength(1);
  });

  test('whoever asks for less movement alternates by hand', async () => {
    await open();
    await panel.page.emulateMedia({ reducedMotion: 'reduce' });
    await button('Alternate two pictures').click();
    const play = panel.frame.getByRole('button', { name: /less movement/ });
    expect(await play.isDisabled()).toBe(true);
    await panel.page.keyboard.press('b');
    await panel.painted('map', 'other:photograph');
  });
});
