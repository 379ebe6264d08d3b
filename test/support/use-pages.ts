import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { tools } from '../../scripts/bootstrap.mjs';
import type { Site } from './webview-page';

export interface Viewport {
  readonly width: number;
  readonly height: number;
}

interface Opened {
  readonly page: Page;
  readonly troubles: readonly string[];
}

async function open(browser: Browser, address: string, viewport: Viewport): Promise<Opened> {
  const context = await browser.newContext({ viewport, permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  // Violations of the content security policy are told on the console as well.
  page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
  await page.goto(address);
  return { page, troubles };
}

/**
 * Pages of a site for the tests of a file, in one browser. What a test opens is closed after it, and the test fails
 * when something went wrong in a page.
 *
 * @returns opens a page with a query, `theme=light`
 */
export function usePages(serve: () => Promise<Site>): (query: string, viewport: Viewport) => Promise<Page> {
  let browser: Browser;
  let site: Site;
  const pages: Opened[] = [];

  beforeAll(async () => {
    const { chromium: executablePath } = tools;
    browser = await chromium.launch({
      ...(executablePath ? { executablePath } : { channel: 'chrome' }),
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
    });
    site = await serve();
  });

  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  afterEach(async () => {
    const opened = pages.splice(0);
    for (const { page } of opened) await page.context().close();
    expect(opened.flatMap(({ troubles }) => troubles)).toEqual([]);
  });

  return async (query, viewport) => {
    const opened = await open(browser, `${site.address}?${query}`, viewport);
    pages.push(opened);
    return opened.page;
  };
}
