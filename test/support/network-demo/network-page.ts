import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import type { Network } from '../../../src/protocol/flow';
import { bodyClass, type ThemeName, themeCss } from '../panel-demo/themes';

/** The scripts and the tests of the project run in its root. */
const root = process.cwd();

async function bundles(): Promise<ReadonlyMap<string, Uint8Array>> {
  const common = {
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    target: 'chrome134',
    outdir: 'out/network-demo',
  } as const;
  const view = await build({
    ...common,
    tsconfig: 'webview/tsconfig.json',
    entryPoints: { network: 'webview/network/main.ts', layout: 'webview/network/worker.ts' },
    loader: { '.ttf': 'file' },
    assetNames: '[name]',
  });
  const host = await build({ ...common, entryPoints: { host: 'test/support/network-demo/host.ts' } });
  return new Map(
    [...view.outputFiles, ...host.outputFiles].map((file) => [`/${path.basename(file.path)}`, file.contents]),
  );
}

/** As the host of a webview makes it, with the same content security policy. */
const html = (theme: ThemeName): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Model Prism: network</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src blob: data:; font-src 'self'; script-src 'nonce-demo'; style-src 'self'; connect-src 'self'; worker-src blob:">
<link rel="stylesheet" href="/theme/${theme}.css">
<link rel="stylesheet" href="/network.css">
</head>
<body class="${bodyClass(theme)}">
<script nonce="demo" src="/host.js"></script>
<script nonce="demo" src="/network.js"></script>
</body>
</html>
`;

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.ttf': 'font/ttf',
};

export interface NetworkSite {
  readonly address: string;
  close(): Promise<void>;
}

/** Serves the network view with a fake host; `?network=NAME` shows one of those given. */
export async function serveNetworks(networks: Readonly<Record<string, Network>>): Promise<NetworkSite> {
  const files = await bundles();
  const answer = (url: URL): Uint8Array | string | undefined => {
    const { pathname } = url;
    if (pathname === '/') return html((url.searchParams.get('theme') ?? 'dark') as ThemeName);
    if (pathname.startsWith('/theme/')) return themeCss(path.basename(pathname, '.css') as ThemeName);
    if (pathname.startsWith('/networks/')) return JSON.stringify(networks[path.basename(pathname)]);
    return files.get(pathname);
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const body = answer(url);
    const type = types[path.extname(url.pathname)] ?? 'text/html; charset=utf-8';
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The page in a browser, and what went wrong in it. */
export async function openNetwork(
  browser: Browser,
  site: NetworkSite,
  { network, theme = 'dark', width = 900, height = 820 }: NetworkPageOptions,
): Promise<{ readonly page: Page; readonly troubles: readonly string[] }> {
  const context = await browser.newContext({ viewport: { width, height } });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  // Violations of the content security policy are told on the console as well.
  page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
  await page.goto(`${site.address}?theme=${theme}&network=${network}`);
  await page.locator('[role="treeitem"]').first().waitFor();
  return { page, troubles };
}

export interface NetworkPageOptions {
  readonly network: string;
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
}
