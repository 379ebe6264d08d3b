import type { Page } from 'playwright-core';
import { PanelDriver } from '../panel-driver';
import { usePages } from '../use-pages';
import { serveDemo } from './site';
import type { ThemeName } from './themes';

export interface PanelOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** Further parameters of the page. */
  readonly query?: string;
}

/** The demo page in a browser. */
export class PanelPage extends PanelDriver {
  constructor(page: Page) {
    super(page, page.mainFrame());
  }

  /** What the panel asked the host for. */
  calls(method: string): Promise<unknown[]> {
    return this.page.evaluate(
      (name) => demo.calls.filter((call) => call.method === name).map(({ params }) => params),
      method,
    );
  }
}

/** The demo page for the tests of a file. */
export function useDemo(): (options?: PanelOptions) => Promise<PanelPage> {
  const open = usePages(serveDemo);
  return async ({ theme = 'dark', width = 1200, height = 820, query = '' } = {}) =>
    new PanelPage(await open(`theme=${theme}&${query}`, { width, height }));
}
