import type { Page } from 'playwright-core';
import type { Network } from '../../../src/protocol/flow';
import type { ThemeName } from '../panel-demo/themes';
import { usePages } from '../use-pages';
import { bundle, html, type Site, serveSite } from '../webview-page';

export interface NetworkPageOptions {
  /** One of those given. */
  readonly network: string;
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
}

/** Serves the network view with a fake host; `?network=NAME` shows one of those given. */
async function serveNetworks(networks: Readonly<Record<string, Network>>): Promise<Site> {
  const files = await bundle(
    { network: 'webview/network/main.ts', layout: 'webview/network/worker.ts' },
    { host: 'test/support/network-demo/host.ts' },
  );
  return serveSite(files, ({ pathname }, theme) => {
    if (pathname === '/') return html({ theme, view: 'network', host: 'host', policy: 'worker-src blob:' });
    if (pathname.startsWith('/networks/')) return JSON.stringify(networks[pathname.slice('/networks/'.length)]);
    return undefined;
  });
}

/** The network view for the tests of a file. */
export function useNetworks(
  networks: Readonly<Record<string, Network>>,
): (options: NetworkPageOptions) => Promise<Page> {
  const open = usePages(() => serveNetworks(networks));
  return async ({ network, theme = 'dark', width = 900, height = 820 }) => {
    const page = await open(`theme=${theme}&network=${network}`, { width, height });
    await page.locator('[role="treeitem"]').first().waitFor();
    return page;
  };
}
