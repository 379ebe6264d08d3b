import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { build } from 'esbuild';
import { METHODS } from '../../../src/methods/index';
import type { LayerInfo, MethodSummary } from '../../../src/protocol';
import type { DemoData } from './demo-data';
import { bodyClass, type ThemeName, themeCss } from './themes';

/** The scripts and the tests of the project run in its root. */
const root = process.cwd();
const chelsea = path.join(root, 'test/cases/golden/srd-lite0-chelsea');
const inputs = path.join(root, 'test/cases/inputs');

const methods: readonly MethodSummary[] = METHODS.map(({ info }) => {
  const { id, title, summary, paper, family, signed, layers, options } = info;
  return { id, title, summary, ...(paper && { paper }), family, signed, layers, options };
});

/** The layers whose maps the golden case holds, by the number in the file's name, in the model's order. */
const golden: readonly (Omit<LayerInfo, 'shape'> & { readonly channels: number; readonly file: number })[] = [
  {
    id: '/_blocks.2/_swish_1/Clip_output_0',
    title: '_blocks.2._swish_1',
    op: 'Clip',
    channels: 144,
    file: 5,
    width: 56,
    height: 56,
  },
  { id: '/_blocks.2/Add_output_0', title: '_blocks.2.Add', op: 'Add', channels: 24, file: 3, width: 56, height: 56 },
  { id: '/_blocks.9/Add_output_0', title: '_blocks.9.Add', op: 'Add', channels: 112, file: 4, width: 14, height: 14 },
  {
    id: '/_blocks.10/_swish/Clip_output_0',
    title: '_blocks.10._swish',
    op: 'Clip',
    channels: 672,
    file: 6,
    width: 14,
    height: 14,
  },
  { id: '/_swish_1/Clip_output_0', title: '_swish_1', op: 'Clip', channels: 1280, file: 7, width: 7, height: 7 },
];

/** 224 of 256 of the shorter side of 451 × 300. */
const seen = 300 * 0.875;

function demoData(): DemoData {
  const labels = readFileSync(path.join(inputs, 'imagenet-labels.txt'), 'utf8').split('\n');
  return {
    methods,
    model: {
      path: '/workspace/imagenet-lite0/model.onnx',
      name: 'model.onnx',
      inputs: [{ name: 'image', dtype: 'float32', shape: ['batch', 3, 224, 224] }],
      outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 1000] }],
      task: 'image-classification',
      parameters: 4652008,
      opset: 17,
      provider: 'cpu',
      settings: [
        { key: 'size', value: '224 × 224', origin: 'model' },
        { key: 'crop', value: 'central square, 0.875 of the shorter side', origin: 'guess' },
        { key: 'mean', value: '127, 127, 127', origin: 'guess' },
        { key: 'std', value: '128, 128, 128', origin: 'guess' },
        { key: 'labels', value: 'labels.txt', origin: 'file' },
      ],
      warnings: [],
    },
    labels: Object.fromEntries(labels.entries()),
    photograph: {
      path: '/workspace/imagenet-lite0/samples/chelsea.png',
      url: '/photograph.png',
      width: 451,
      height: 300,
      viewport: { x: (451 - seen) / 2, y: (300 - seen) / 2, width: seen, height: seen },
    },
    logits: '/golden/forward.logits.npy',
    maps: { 282: '/golden/srd.class.282.npy', 285: '/golden/srd.class.285.npy' },
    contrastive: { 282: '/golden/srd.class.contrastive.282.npy' },
    layers: [
      {
        id: 'image',
        title: 'image',
        op: 'Input',
        shape: [1, 3, 224, 224],
        width: 224,
        height: 224,
        url: '/golden/srd.class.282.npy',
      },
      ...golden.map(({ channels, file, ...layer }) => ({
        ...layer,
        shape: [1, channels, layer.height, layer.width],
        url: `/golden/srd.layer.${file}.282.npy`,
      })),
    ],
  };
}

/** The panel's bundle as the extension ships it, and the fake host. */
async function bundles(): Promise<ReadonlyMap<string, Uint8Array>> {
  const common = {
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    target: 'chrome134',
  } as const;
  const panel = await build({
    ...common,
    tsconfig: 'webview/tsconfig.json',
    entryPoints: {
      webview: 'webview/main.ts',
      tokens: 'webview/tokens/main.ts',
      attention: 'webview/attention/main.ts',
    },
    loader: { '.ttf': 'file' },
    assetNames: '[name]',
    outdir: 'out/panel-demo',
  });
  const host = await build({
    ...common,
    entryPoints: {
      host: 'test/support/panel-demo/host.ts',
      'tokens-host': 'test/support/panel-demo/tokens-host.ts',
      'attention-host': 'test/support/panel-demo/attention-host.ts',
    },
    outdir: 'out/panel-demo',
  });
  return new Map(
    [...panel.outputFiles, ...host.outputFiles].map((file) => [`/${path.basename(file.path)}`, file.contents]),
  );
}

/** The documents that there are a fake host for. */
const views = ['webview', 'tokens', 'attention'] as const;
type View = (typeof views)[number];

/** As the host of a webview makes it, with the same content security policy; `connect-src` is for the fake host only. */
const html = (theme: ThemeName, view: View): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Model Prism: panel</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src blob: data:; font-src 'self'; script-src 'nonce-demo'; style-src 'self'; connect-src 'self'">
<link rel="stylesheet" href="/theme/${theme}.css">
<link rel="stylesheet" href="/${view}.css">
</head>
<body class="${bodyClass(theme)}">
${view === 'webview' ? '<model-prism-panel></model-prism-panel>' : ''}
<script nonce="demo" src="/${view === 'webview' ? '' : `${view}-`}host.js"></script>
<script nonce="demo" src="/${view}.js"></script>
</body>
</html>
`;

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.ttf': 'font/ttf',
};

export interface DemoSite {
  /** Address of the page; `?theme=…` chooses the theme, `?start=empty` begins without an explanation, `?view=tokens` is the panel of
   * tokens, `?view=attention` that of attention. */
  readonly address: string;
  close(): Promise<void>;
}

/** Serves the demo page on a port of this machine. */
export async function serveDemo(port = 0): Promise<DemoSite> {
  const files = await bundles();
  const data = JSON.stringify(demoData());
  const answer = (url: URL): Uint8Array | string | undefined => {
    const { pathname } = url;
    const theme = (url.searchParams.get('theme') ?? 'dark') as ThemeName;
    if (pathname === '/') return html(theme, views.find((view) => view === url.searchParams.get('view')) ?? 'webview');
    if (pathname === '/data.json') return data;
    if (pathname === '/photograph.png') return readFileSync(path.join(inputs, 'photographs/chelsea.png'));
    if (pathname.startsWith('/theme/')) return themeCss(path.basename(pathname, '.css') as ThemeName);
    if (pathname.startsWith('/golden/')) return readFileSync(path.join(chelsea, path.basename(pathname)));
    return files.get(pathname);
  };
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const body = answer(url);
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
