import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { tools } from '../../../scripts/bootstrap.mjs';
import { until } from '../vscode/wait';
import { type DemoSite, serveDemo } from './site';
import type { ThemeName } from './themes';

export type PaneName = 'photograph' | 'map' | 'grid';

export interface PanelOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** Further parameters of the page. */
  readonly query?: string;
}

/** The demo page in a browser, with what went wrong in it. */
export class PanelPage {
  private constructor(
    readonly page: Page,
    readonly troubles: readonly string[],
  ) {}

  static async open(browser: Browser, site: DemoSite, options: PanelOptions = {}): Promise<PanelPage> {
    const { theme = 'dark', width = 1200, height = 820, query = '' } = options;
    const context = await browser.newContext({
      viewport: { width, height },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    const troubles: string[] = [];
    page.on('pageerror', (error) => troubles.push(String(error)));
    // Violations of the content security policy are told on the console as well.
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
    await page.goto(`${site.address}?theme=${theme}&${query}`);
    return new PanelPage(page, troubles);
  }

  canvas(pane: PaneName): Locator {
    return this.page.locator(`canvas[data-pane="${pane}"]`);
  }

  /** Waits until a pane has painted something, and that in its latest size and view. */
  async painted(pane: PaneName, what: string): Promise<void> {
    await this.page.locator(`canvas[data-pane="${pane}"][data-map="${what}"]`).waitFor();
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
  async pointOf(pane: PaneName, map: { width: number; height: number }, x: number, y: number) {
    const area = await this.area(pane);
    return { x: area.x + ((x + 0.5) * area.width) / map.width, y: area.y + ((y + 0.5) * area.height) / map.height };
  }

  async pointAt(pane: PaneName, map: { width: number; height: number }, x: number, y: number): Promise<void> {
    const point = await this.pointOf(pane, map, x, y);
    await this.page.mouse.move(point.x, point.y);
  }

  async click(pane: PaneName, map: { width: number; height: number }, x: number, y: number): Promise<void> {
    const point = await this.pointOf(pane, map, x, y);
    await this.page.mouse.click(point.x, point.y);
  }

  /** Red, green, blue and alpha in the middle of locations of the map of a pane. */
  pixels(
    pane: PaneName,
    map: { width: number; height: number },
    locations: readonly (readonly [number, number])[],
  ): Promise<number[][]> {
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
    await this.page.getByRole('slider', { name }).evaluate((slider: HTMLInputElement, wanted) => {
      slider.value = String(wanted);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    }, value);
  }

  /** Chooses from one of the drop-down lists. */
  async choose(name: string, option: string): Promise<void> {
    await this.page.getByRole('combobox', { name }).click();
    await this.page.getByRole('option', { name: option }).click();
  }

  /** What the panel asked the host for. */
  calls(method: string): Promise<unknown[]> {
    return this.page.evaluate(
      (name) => demo.calls.filter((call) => call.method === name).map(({ params }) => params),
      method,
    );
  }

  /** What a screen reader was told last. */
  async announced(text: string | RegExp): Promise<void> {
    await this.page.getByRole('status').filter({ hasText: text }).waitFor({ state: 'attached' });
  }

  /** The text of one of the panel's elements. */
  async text(element: string): Promise<string> {
    const text = await this.page
      .locator(element)
      .first()
      .evaluate((host) => host.shadowRoot?.textContent ?? '');
    return text.replace(/\s+/g, ' ').trim();
  }

  layer(id: string): Locator {
    return this.page.locator(`[data-layer="${id}"]`);
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}

/** A browser and the demo's server. */
export async function openDemo(): Promise<{ browser: Browser; site: DemoSite; close: () => Promise<void> }> {
  const { chromium: executablePath } = tools;
  const browser = await chromium.launch({
    ...(executablePath ? { executablePath } : { channel: 'chrome' }),
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
  });
  const site = await serveDemo();
  return {
    browser,
    site,
    close: async () => {
      await browser.close();
      await site.close();
    },
  };
}
