import { type Browser, chromium, type Page } from 'playwright-core';
import { tools } from '../../../scripts/bootstrap.mjs';
import { PanelDriver } from '../panel-driver';
import { type DemoSite, serveDemo } from './site';
import type { ThemeName } from './themes';

export interface PanelOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** Further parameters of the page. */
  readonly query?: string;
}

/** The demo page in a browser, with what went wrong in it. */
export class PanelPage extends PanelDriver {
  private constructor(
    page: Page,
    readonly troubles: readonly string[],
  ) {
    super(page, page.mainFrame());
  }

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

  /** What the panel asked the host for. */
  calls(method: string): Promise<unknown[]> {
    return this.page.evaluate(
      (name) => demo.calls.filter((call) => call.method === name).map(({ params }) => params),
      method,
    );
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
