import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { bodyClass, type ThemeName, themeCss } from './panel-demo/themes';

/** Webviews of the extension in a browser, each with a fake host beside it. */

/** The scripts and the tests of the project run in its root. */
const root = process.cwd();

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.ttf': 'font/ttf',
};

export type Files = ReadonlyMap<string, Uint8Array>;

/** Bundles by the paths of their addresses: those of webview/ as the extension ships them, and the fake hosts. */
export async function bundle(
  views: Readonly<Record<string, string>>,
  hosts: Readonly<Record<string, string>>,
): Promise<Files> {
  const common = {
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    target: 'chrome134',
    outdir: 'out/demo',
  } as const satisfies BuildOptions;
  const [view, host] = await Promise.all([
    build({
      ...common,
      tsconfig: 'webview/tsconfig.json',
      entryPoints: views,
      loader: { '.ttf': 'file' },
      assetNames: '[name]',
    }),
    build({ ...common, entryPoints: hosts }),
  ]);
  return new Map(
    [...view.outputFiles, ...host.outputFiles].map((file) => [`/${path.basename(file.path)}`, file.contents]),
  );
}

/** What a page is made of. */
interface PageParts {
  readonly theme: ThemeName;
  /** Names of the bundles. */
  readonly view: string;
  readonly host: string;
  readonly body?: string;
  /** What its content security policy allows beside what every webview may. */
  readonly policy?: string;
}

/** As the host of a webview makes it, with the same content security policy; `connect-src` is for the fake host only. */
export const html = ({ theme, view, host, body = '', policy = '' }: PageParts): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Model Prism: ${view}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src blob: data:; font-src 'self'; script-src 'nonce-demo'; style-src 'self'; connect-src 'self'; ${policy}">
<link rel="stylesheet" href="/theme/${theme}.css">
<link rel="stylesheet" href="/${view}.css">
</head>
<body class="${bodyClass(theme)}">
${body}
<script nonce="demo" src="/${host}.js"></script>
<script nonce="demo" src="/${view}.js"></script>
</body>
</html>
`;

export interface Site {
  readonly address: string;
  close(): Promise<void>;
}

/** Serves files, themes and what else there is an answer to, on a port of this machine. */
export async function serveSite(
  files: Files,
  answer: (url: URL, theme: ThemeName) => Uint8Array | string | undefined,
  port = 0,
): Promise<Site> {
  const bodyOf = (url: URL): Uint8Array | string | undefined => {
    const { pathname, searchParams } = url;
    if (pathname.startsWith('/theme/')) return themeCss(path.basename(pathname, '.css') as ThemeName);
    return answer(url, (searchParams.get('theme') ?? 'dark') as ThemeName) ?? files.get(pathname);
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const body = bodyOf(url);
    const type = types[path.extname(url.pathname)] ?? 'text/html; charset=utf-8';
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: actual } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${actual}/`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
