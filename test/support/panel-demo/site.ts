import { readFileSync } from 'node:fs';
import path from 'node:path';
import { METHODS } from '../../../src/methods/index';
import type { LayerInfo, MethodSummary } from '../../../src/protocol';
import { bundle, html, type Site, serveSite } from '../webview-page';
import type { DemoData } from './demo-data';
import type { ThemeName } from './themes';

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

/** Views beside the panel that there is a fake host for, each in `NAME-host.ts`. */
const VIEWS = ['tokens', 'attention'];

const byName = (names: readonly string[], fileOf: (name: string) => string): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, fileOf(name)]));

/**
 * Serves the demo page on a port of this machine: `?theme=…` chooses the theme, `?start=empty` begins without an
 * explanation, `?view=NAME` is one of {@link VIEWS}.
 */
export async function serveDemo(port = 0): Promise<Site> {
  const files = await bundle(
    { webview: 'webview/main.ts', ...byName(VIEWS, (view) => `webview/${view}/main.ts`) },
    byName(['host', ...VIEWS.map((view) => `${view}-host`)], (host) => `test/support/panel-demo/${host}.ts`),
  );
  const data = JSON.stringify(demoData());
  const answer = ({ pathname, searchParams }: URL, theme: ThemeName): Uint8Array | string | undefined => {
    if (pathname === '/') {
      const view = VIEWS.find((name) => name === searchParams.get('view'));
      return view
        ? html({ theme, view, host: `${view}-host` })
        : html({ theme, view: 'webview', host: 'host', body: '<model-prism-panel></model-prism-panel>' });
    }
    if (pathname === '/data.json') return data;
    if (pathname === '/photograph.png') return readFileSync(path.join(inputs, 'photographs/chelsea.png'));
    if (pathname.startsWith('/golden/')) return readFileSync(path.join(chelsea, path.basename(pathname)));
    return undefined;
  };
  return serveSite(files, answer, port);
}
