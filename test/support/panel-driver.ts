import type { Frame, Locator, Page } from 'playwright-core';
import { until } from './vscode/wait';

export type PaneName = 'photograph' | 'map' | 'sources' | 'grid';

interface Grid {
  readonly width: number;
  readonly height: number;
}

/** The panel as a person sees and uses it, in whichever frame of a page it is. */
export class PanelDriver {
  constructor(
    readonly page: Page,
    readonly frame: Frame,
  ) {}

  canvas(pane: PaneName): Locator {
    return this.frame.locator(`canvas[data-pane="${pane}"]`);
  }

  /** Waits until a pane has painted something, and that in its latest size and view. */
  async painted(pane: PaneName, what: string): Promise<void> {
    await this.frame.locator(`canvas[data-pane="${pane}"][data-map="${what}"]`).waitFor();
  }

  /** Does something and waits for the pane to be painted again. */
  async repainted(pane: PaneName, action: () => Promise<unknown>): Promise<void> {
    const count = () => this.canvas(pane).getAttribute('data-painted');
    const before = await count();
    await action();
    await until(`another paint of the ${pane}`, async () => (await count()) !== before);
  }

  /** Where the map of a pane lies, in CSS pixels of the page. */
  async area(pane: PaneName): Promise<{ x: number; y: number; width: number; height: number }> {
    const box = (await this.canvas(pane).boundingBox())!;
    const [x, y, width, height] = (await this.canvas(pane).getAttribute('data-area'))!.split(' ').map(Number);
    return { x: box.x + x!, y: box.y + y!, width: width!, height: height! };
  }

  /** The middle of one location of the map of a pane, on the page. */
  async pointOf(pane: PaneName, map: Grid, x: number, y: number) {
    const area = await this.area(pane);
    return { x: area.x + ((x + 0.5) * area.width) / map.width, y: area.y + ((y + 0.5) * area.height) / map.height };
  }

  async pointAt(pane: PaneName, map: Grid, x: number, y: number): Promise<void> {
    const point = await this.pointOf(pane, map, x, y);
    await this.page.mouse.move(point.x, point.y);
  }

  async click(pane: PaneName, map: Grid, x: number, y: number): Promise<void> {
    const point = await this.pointOf(pane, map, x, y);
    await this.page.mouse.click(point.x, point.y);
  }

  /** Red, green, blue and alpha in the middle of locations of the map of a pane. */
  pixels(pane: PaneName, map: Grid, locations: readonly (readonly [number, number])[]): Promise<number[][]> {
    return this.canvas(pane).evaluate(
      (canvas: HTMLCanvasElement, { size, wanted }) => {
        const [left, top, width, height] = canvas.dataset.area!.split(' ').map(Number);
        const context = canvas.getContext('2d')!;
        return wanted.map(([x, y]) => {
          const column = Math.floor(left! + ((x + 0.5) * width!) / size.width);
          const row = Math.floor(top! + ((y + 0.5) * height!) / size.height);
          return [...context.getImageData(column, row, 1, 1).data];
        });
      },
      { size: { width: map.width, height: map.height }, wanted: locations },
    );
  }

  /** Sets one of the sliders. */
  async slide(name: string, value: number): Promise<void> {
    await this.frame.getByRole('slider', { name }).evaluate((slider: HTMLInputElement, wanted) => {
      slider.value = String(wanted);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    }, value);
  }

  /** Chooses from one of the drop-down lists. */
  async choose(name: string, option: string | RegExp): Promise<void> {
    await this.frame.getByRole('combobox', { name }).click();
    await this.frame.getByRole('option', { name: option }).click();
  }

  /** What a screen reader was told last. */
  async announced(text: string | RegExp): Promise<void> {
    await this.frame.getByRole('status').filter({ hasText: text }).waitFor({ state: 'attached' });
  }

  /** The text of one of the panel's elements. */
  async text(element: string): Promise<string> {
    const text = await this.frame
      .locator(element)
      .first()
      .evaluate((host) => host.shadowRoot?.textContent ?? '');
    return text.replace(/\s+/g, ' ').trim();
  }

  layer(id: string): Locator {
    return this.frame.locator(`[data-layer="${id}"]`);
  }
}
