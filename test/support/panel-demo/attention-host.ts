import { createMessageConnection } from 'vscode-jsonrpc/browser';
import type { Photograph } from '../../../src/protocol';
import type {
  AttentionContent,
  AttentionHostApi,
  AttentionState,
  AttentionViewApi,
} from '../../../src/protocol/attention';
import { client, portTransport, serve } from '../../../src/rpc';
import type { DemoData } from './demo-data';

/** A fake host of the view of attention. The weights are a formula, so that a test can tell every one. */

const query = new URLSearchParams(location.search);
const words = 'The river rose above the bridge , so the people of the town walked to the hill'.split(' ');
const grid = { width: 14, height: 14, first: 1 };
const isPicture = query.has('picture');
const count = isPicture ? grid.first + grid.width * grid.height : words.length;
const heads = 4;

/** How much token i heeds token j by a head: more near by, of a picture also along a line through it. */
function weight(layer: number, head: number, i: number, j: number): number {
  const width = isPicture ? grid.width : 6;
  const [dx, dy] = [(i % width) - (j % width), Math.floor(i / width) - Math.floor(j / width)];
  return 1 / (1 + (1 + layer) * (dx + head * dy) ** 2 + 0.2 * (dx * dx + dy * dy));
}

function matrix(layer: number, head: number | 'all', isSigned: boolean): Float32Array {
  const which = head === 'all' ? Array.from({ length: heads }, (_, at) => at) : [head];
  return Float32Array.from({ length: count * count }, (_, at) => {
    const [i, j] = [Math.floor(at / count), at % count];
    const mean = which.reduce((sum, one) => sum + weight(layer, one, i, j), 0) / which.length;
    return isSigned ? mean * Math.sin(i + 2 * j) : mean;
  });
}

const page = new EventTarget();
const { reader, writer } = portTransport({
  post: (message) => window.postMessage(structuredClone(message)),
  listen: (callback) => {
    const receive = (event: Event): void => callback((event as CustomEvent).detail);
    page.addEventListener('message', receive);
    return { dispose: () => page.removeEventListener('message', receive) };
  },
});
const connection = createMessageConnection(reader, writer);
const view = client<AttentionViewApi>(connection);

globalThis.acquireVsCodeApi = () => ({
  postMessage: (message: unknown) =>
    page.dispatchEvent(new CustomEvent('message', { detail: structuredClone(message) })),
  getState: () => null,
  setState: () => {},
});

async function photograph(): Promise<Photograph> {
  const data: DemoData = await (await fetch('/data.json')).json();
  const { url, ...rest } = data.photograph;
  return { ...rest, mime: 'image/png', encoded: new Uint8Array(await (await fetch(url)).arrayBuffer()) };
}

async function content(): Promise<AttentionContent> {
  const layers = [0, 1].map((at) => ({
    value: `layer ${at}`,
    title: `encoder.layers.${at}.self_attn`,
    heads,
    queries: count,
    keys: count,
  }));
  const attentions = { layers, relevance: !query.has('plain') };
  if (isPicture) {
    return { explanation: 'one', attentions: { ...attentions, grid }, photograph: await photograph() };
  }
  let text = '';
  const tokens = words.map((word, id) => {
    const start = text === '' ? 0 : text.length + 1;
    text += text === '' ? word : ` ${word}`;
    return { text: word, id, start, end: text.length, relevance: 0 };
  });
  return { explanation: 'one', attentions, text: { text, tokens } };
}

const state: AttentionState = {
  status: 'ready',
  subject: {
    id: 'one',
    model: 'model.onnx',
    target: { index: 1, label: 'flood', score: 3, probability: 0.9 },
    method: { id: 'attn-lrp', title: 'AttnLRP', signed: true },
    input: isPicture ? 'chelsea.png' : 'report.txt',
  },
  shown: 'one',
  l10n: {},
};

const nothing = async (): Promise<void> => {};
serve<AttentionHostApi>(connection, {
  async ready() {
    await view.attentions(await content());
    return state;
  },
  heads: async ({ layer, kind }) =>
    Array.from({ length: heads }, (_, head) => ({
      width: count,
      height: count,
      data: matrix(Number(layer.slice(6)), head, kind === 'relevance'),
    })),
  head: async ({ layer, kind, head }) => ({
    map: { width: count, height: count, data: matrix(Number(layer.slice(6)), head, kind === 'relevance') },
    each: 1,
  }),
  cancel: nothing,
  retry: nothing,
  showLog: nothing,
});
connection.listen();
