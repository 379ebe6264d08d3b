import { createMessageConnection } from 'vscode-jsonrpc/browser';
import type { MethodSummary } from '../../../src/protocol';
import type { TokenStudy, TokensApi, TokensHostApi, TokensState } from '../../../src/protocol/tokens';
import { client, portTransport, serve } from '../../../src/rpc';
import type { DemoData } from './demo-data';

/** A fake host of the panel of tokens. The map is a formula, so that a test can tell every value. */

const query = new URLSearchParams(location.search);
const words = 'The river rose above the bridge , so the people of the town walked to the hill and waited'.split(' ');
const count = Number(query.get('tokens') ?? words.length);
const rows = Number(query.get('rows') ?? 8);

/** What token j contributes to token i. */
const value = (i: number, j: number): number => Math.sin(3 * i + j) / (1 + 0.3 * (i - j));

function study(method: MethodSummary, model: DemoData['model'], length: number): TokenStudy {
  const given = count - rows;
  let text = '';
  const tokens = Array.from({ length: given + length }, (_, id) => {
    const word = words[id % words.length]!;
    const start = text === '' ? 0 : text.length + 1;
    text += text === '' ? word : ` ${word}`;
    return { text: id < given ? word : ` ${word}`, id, start, end: text.length };
  });
  return {
    id: 'study',
    kind: 'generation',
    model,
    method,
    options: {},
    text,
    tokens,
    given,
    rows: Array.from({ length }, (_, row) => {
      const at = given + row;
      const target = { index: at, label: tokens[at]!.text, score: 9, probability: 0.4 + 0.05 * (row % 8) };
      const other = { index: 1, label: ' and', score: 7, probability: 0.2 };
      return { at, target, top: [target, other], relevance: Float32Array.from({ length: at }, (_, j) => value(at, j)) };
    }),
    cached: true,
    provider: 'cpu',
    ms: { total: 412 },
    warnings: [],
  };
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
const panel = client<TokensApi>(connection);

globalThis.acquireVsCodeApi = () => ({
  postMessage: (message: unknown) =>
    page.dispatchEvent(new CustomEvent('message', { detail: structuredClone(message) })),
  getState: () => null,
  setState: () => {},
});

const data: Promise<DemoData> = fetch('/data.json').then((response) => response.json());
let explained = rows;

async function state(): Promise<TokensState> {
  const { methods, model } = await data;
  const method = methods.find(({ id }) => id === 'attn-lrp')!;
  return {
    status: 'ready',
    question: { model: model.path, method: method.id, text: words.join(' ') },
    goal: explained,
    study: study(method, model, explained),
    l10n: {},
  };
}

const nothing = async (): Promise<void> => {};
serve<TokensHostApi>(connection, {
  ready: state,
  more: async ({ count: more }) => {
    explained += more;
    await panel.update(await state());
  },
  pickMethod: nothing,
  exportAs: nothing,
  cancel: nothing,
  retry: nothing,
  showLog: nothing,
});
connection.listen();
