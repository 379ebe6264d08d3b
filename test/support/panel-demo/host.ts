import { createMessageConnection } from 'vscode-jsonrpc/browser';
import { readNpy } from '../../../src/inputs/npy';
import type { ClassScore, Explanation, LayerInfo, OptionValues, ScalarMap } from '../../../src/protocol';
import type { ComparedMethod, HistoryEntry, HostApi, PanelApi, PanelState } from '../../../src/protocol/panel';
import { client, portTransport, serve } from '../../../src/rpc';
import type { DemoData } from './demo-data';
import { demoPfvHost } from './pfv';

/** What tests may do with the fake host: look at what was asked, change the state, hold back answers. */
export interface DemoControl {
  state: PanelState;
  readonly calls: { readonly method: string; readonly params: unknown }[];
  /** Milliseconds that an explanation and a request take. */
  delay: { explain: number; request: number };
  /** Sends a change of the state to the panel. */
  update(change: Partial<PanelState>): Promise<void>;
  /** The last picture that was exported. */
  exported?: Uint8Array;
}

declare global {
  var demo: DemoControl;
  var acquireVsCodeApi: () => unknown;
}

/** A picture of one pixel. */
const dot = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function bytes(url: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(url)).arrayBuffer());
}

async function fetchMap(url: string): Promise<ScalarMap> {
  const { shape, data } = readNpy(await bytes(url), url);
  return { width: shape.at(-1)!, height: shape.at(-2)!, data: Float32Array.from(data as Float32Array) };
}

const statistics = ({ data }: ScalarMap): Explanation['statistics'] => ({
  sum: data.reduce((sum, value) => sum + value, 0),
  min: data.reduce((a, b) => Math.min(a, b)),
  max: data.reduce((a, b) => Math.max(a, b)),
});

/** Not a real receptive field: a bump with a negative rim at the PFV's place that sums to 1, to look at. */
function bump(width: number, height: number, centre: { x: number; y: number }, spread: number): ScalarMap {
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const r = ((x - centre.x) ** 2 + (y - centre.y) ** 2) / spread ** 2;
      data[y * width + x] = (1.2 - 0.25 * r) * Math.exp(-r / 2) * (1 + 0.4 * Math.sin(x) * Math.sin(y));
    }
  }
  const sum = data.reduce((total, value) => total + value, 0);
  return { width, height, data: data.map((value) => value / sum) };
}

/** Tokens or features; undefined for pictures. */
const partsOf = (explanation: Explanation | undefined): readonly { readonly relevance: number }[] | undefined =>
  explanation?.text?.tokens ?? explanation?.row?.features;

/** What the nth method makes of parts: the first what they have, each other turns one more of them around. */
const partsMap = (parts: readonly { readonly relevance: number }[], nth: number): ScalarMap => ({
  width: parts.length,
  height: 1,
  data: Float32Array.from(parts, ({ relevance }, i) => (i < nth ? -relevance : relevance)),
});

class DemoHost {
  method: string;
  target = 282;
  options: OptionValues = {};
  #run = 0;

  constructor(
    readonly data: DemoData,
    readonly top: readonly ClassScore[],
    readonly photograph: Uint8Array,
  ) {
    this.method = data.methods[0]!.id;
  }

  async explanation(): Promise<Explanation> {
    const { data } = this;
    const method = data.methods.find(({ id }) => id === this.method)!;
    const contrastive = this.options.contrastive === true;
    const map = await fetchMap(
      (contrastive && data.contrastive[this.target]) || data.maps[this.target] || data.maps[282]!,
    );
    const target = this.top.find(({ index }) => index === this.target)!;
    const { sum, min, max } = statistics(map);
    const expected = contrastive ? 0 : target.score;
    const { path, width, height, viewport } = data.photograph;
    return {
      id: `demo-${++this.#run}`,
      model: data.model,
      method,
      options: { ...Object.fromEntries(method.options.map((option) => [option.key, option.default])), ...this.options },
      target,
      top: this.top.slice(0, 5),
      photograph: { path, width, height, viewport, encoded: this.photograph, mime: 'image/png' },
      map,
      statistics: { sum, min, max },
      conservation: { what: 'sum of relevance against the logit', expected, actual: sum, residual: sum - expected },
      layers: method.layers ? data.layers.map(({ url: _url, ...layer }) => layer) : [],
      provider: 'cpu',
      ms: { decode: 12, compile: 31, run: 41, total: 84 },
      warnings: [],
    };
  }
}

async function makeHost(): Promise<DemoHost> {
  const data = (await (await fetch('/data.json')).json()) as DemoData;
  const logits = Float32Array.from(readNpy(await bytes(data.logits)).data as Float32Array);
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const exponentials = logits.map((logit) => Math.exp(logit - largest));
  const total = exponentials.reduce((a, b) => a + b);
  const classes = [...logits]
    .map((score, index) => ({ index, label: data.labels[index]!, score, probability: exponentials[index]! / total }))
    .sort((a, b) => b.score - a.score);
  return new DemoHost(data, classes, await bytes(data.photograph.url));
}

function start(): void {
  const toHost = new EventTarget();
  const { reader, writer } = portTransport({
    post: (message) => window.postMessage(message),
    listen: (callback) => {
      const listener = (event: Event): void => callback((event as CustomEvent<unknown>).detail);
      toHost.addEventListener('message', listener);
      return { dispose: () => toHost.removeEventListener('message', listener) };
    },
  });
  const connection = createMessageConnection(reader, writer);
  const panel = client<PanelApi>(connection);
  const query = new URLSearchParams(location.search);
  const host = makeHost();
  const kept = 'panel-demo-view';

  globalThis.acquireVsCodeApi = () => ({
    postMessage: (message: unknown) =>
      toHost.dispatchEvent(new CustomEvent('message', { detail: structuredClone(message) })),
    getState: () => JSON.parse(sessionStorage.getItem(kept) ?? 'null') as unknown,
    setState: (state: unknown) => sessionStorage.setItem(kept, JSON.stringify(state)),
  });

  globalThis.demo = {
    state: { status: 'empty', methods: [], l10n: {} },
    calls: [],
    delay: { explain: Number(query.get('explain') ?? 0), request: Number(query.get('request') ?? 0) },
    async update(change) {
      demo.state = { ...demo.state, ...change };
      await panel.update(demo.state);
    },
  };

  const note = (method: string, params: unknown): void => void demo.calls.push({ method, params });
  const explain = async (): Promise<void> => {
    const step = demo.delay.explain / 4;
    for (let i = 0; i < 4 && step > 0; i++) {
      await demo.update({ status: 'working', progress: { fraction: i / 4, message: 'Computing the sharing ratios' } });
      await wait(step);
    }
    const explanation = await (await host).explanation();
    const entry = visit(explanation);
    const { entries = [], index = -1, steps = 0 } = demo.state.history ?? {};
    const history = { entries: [...entries.slice(0, index + 1), entry], index: index + 1, steps };
    await demo.update({ status: 'ready', explanation, history, progress: undefined, error: undefined });
  };
  const visit = ({ model, method, target }: Explanation): HistoryEntry => ({
    question: { model: model.path, image: '/workspace/chelsea.png', method: method.id, target: target.index },
    title: `chelsea.png · ${method.title} · ${target.label}`,
  });
  const layer = (id: string): LayerInfo => demo.state.explanation!.layers.find((candidate) => candidate.id === id)!;
  /** A golden map; `#…` at the end of an id tells copies of a layer apart. Other layers get something to look at. */
  const layerMap = async (id: string): Promise<ScalarMap> => {
    const known = (await host).data.layers.find((candidate) => candidate.id === id.replace(/#\d+$/, ''));
    if (known?.url) return fetchMap(known.url);
    const { width, height } = layer(id);
    return bump(width, height, { x: width / 3, y: height / 3 }, Math.max(width, height) / 6);
  };

  /** Six methods: the maps that there are go round, one is at work, one is refused. */
  const compare = async (): Promise<void> => {
    const made = await host;
    const shown = demo.state.explanation!;
    const cells = made.data.methods.slice(0, 6).map(({ id }, i): ComparedMethod => {
      if (i === 3) return { method: id, column: 0, status: 'working' };
      if (i === 4)
        return {
          method: id,
          column: 0,
          status: 'failed',
          error: {
            code: 'UNSUPPORTED_OPERATOR',
            message:
              'Det has no gradient (node /Det, opset 21); perturbation methods work on whatever runs (occlusion, rise)',
          },
        };
      if (i === 5) return { method: id, column: 0, status: 'waiting' };
      const { options, conservation, provider, ms } = shown;
      const result = { id: i === 0 ? shown.id : `compared-${i}`, options, target: shown.target, provider, ms };
      return { method: id, column: 0, status: 'ready', result: conservation ? { ...result, conservation } : result };
    });
    await demo.update({
      status: 'working',
      progress: { fraction: 0.6, message: '4/6 · explaining by Guided Backpropagation' },
      comparison: {
        id: `comparison-${++compared}`,
        methods: cells,
        columns: [{ label: shown.target.label, index: shown.target.index }],
      },
    });
  };
  let compared = 0;
  const asked = (): number[] => demo.state.comparison!.columns.map(({ index }) => index!);
  /** Three methods of several classes, each with the map of its class; of the last class the second is refused. */
  const table = async (classes: readonly number[]): Promise<void> => {
    const { data, top } = await host;
    const { options, provider, ms } = demo.state.explanation!;
    const columns = classes.map((index) => top.find((known) => known.index === index)!);
    const cells = columns.flatMap((target, column) =>
      data.methods.slice(0, 3).map(({ id: method }, row): ComparedMethod => {
        if (column > 0 && column === columns.length - 1 && row === 1)
          return {
            method,
            column,
            status: 'failed',
            error: { code: 'METHOD_DOES_NOT_FIT', message: 'needs attention' },
          };
        const id = `class-${target.index}-${method}`;
        return { method, column, status: 'ready', result: { id, options, target, provider, ms } };
      }),
    );
    const comparison = { id: `comparison-${++compared}`, methods: cells, columns };
    await demo.update({ status: 'ready', progress: undefined, comparison });
  };

  serve<HostApi>(connection, {
    async ready(params) {
      note('ready', params);
      const made = await host;
      const state: PanelState = { status: 'empty', methods: made.data.methods, l10n: {} };
      if (query.get('start') === 'empty') {
        demo.state = state;
      } else {
        const explanation = await made.explanation();
        const history = { entries: [visit(explanation)], index: 0, steps: 0 };
        demo.state = { ...state, status: 'ready', explanation, history };
      }
      return demo.state;
    },
    async go(params) {
      note('go', params);
      const { history } = demo.state;
      if (history)
        await demo.update({ history: { ...history, index: history.index + params.by, steps: history.steps + 1 } });
    },
    async before(params) {
      note('before', params);
      const { history, explanation } = demo.state;
      const title = history!.entries[history!.index - 1]!.title;
      const map = await fetchMap((await host).data.maps[282]!);
      return { title, map, signed: true, viewport: explanation!.photograph!.viewport };
    },
    async addClass(params) {
      note('addClass', params);
      if (params.index !== undefined) await table([...asked(), params.index]);
    },
    async removeClass(params) {
      note('removeClass', params);
      await table(asked().toSpliced(params.column, 1));
    },
    async pinImage(params) {
      note('pinImage', params);
      const { pins = [] } = demo.state;
      const pin = { path: params.image, name: params.image.split('/').at(-1)!, source: dot };
      const others = pins.filter(({ path }) => path !== params.image);
      await demo.update({ pins: params.pinned ? [...others, pin] : others });
    },
    async showImage(params) {
      note('showImage', params);
      await explain();
    },
    async copyLink(params) {
      note('copyLink', params);
    },
    async explainTarget(params) {
      note('explainTarget', params);
      (await host).target = params.index;
      await explain();
    },
    async chooseMethod(params) {
      note('chooseMethod', params);
      Object.assign(await host, { method: params.method, options: {} });
      await explain();
    },
    async setOptions(params) {
      note('setOptions', params);
      (await host).options = params.options;
      await explain();
    },
    async cancel(params) {
      note('cancel', params);
      await demo.update({ status: 'ready', progress: undefined });
    },
    async retry(params) {
      note('retry', params);
      await explain();
    },
    async layerMaps(params) {
      note('layerMaps', params);
      await wait(demo.delay.request);
      return Promise.all(params.layers.map(layerMap));
    },
    async receptiveField(params) {
      note('receptiveField', params);
      await wait(demo.delay.request);
      const { width, height } = layer(params.layer);
      const centre = { x: ((params.x + 0.5) * 224) / width - 0.5, y: ((params.y + 0.5) * 224) / height - 0.5 };
      return bump(224, 224, centre, 300 / width);
    },
    async readers(params) {
      note('readers', params);
      await wait(demo.delay.request);
      const { width, height } = layer(params.layer);
      const centre = { x: ((params.x + 0.5) * width) / 224 - 0.5, y: ((params.y + 0.5) * height) / 224 - 0.5 };
      return bump(width, height, centre, Math.max(0.8, width / 24));
    },
    ...demoPfvHost(
      () => demo.state.explanation!.layers,
      ({ width, height }, channel) =>
        bump(width, height, { x: (channel * 5) % width, y: (channel * 3) % height }, Math.max(1, width / 6)),
      note,
    ),
    async showNetwork(params) {
      note('showNetwork', params);
    },
    async pickCompared(params) {
      note('pickCompared', params);
      await compare();
    },
    async compareTarget(params) {
      note('compareTarget', params);
      (await host).target = params.index;
      await compare();
    },
    async openCompared(params) {
      note('openCompared', params);
      Object.assign(await host, { method: params.method });
      const explanation = await (await host).explanation();
      await demo.update({ status: 'ready', progress: undefined, explanation });
    },
    async comparedMaps(params) {
      note('comparedMaps', params);
      const parts = partsOf(demo.state.explanation);
      if (parts) return params.explanations.map((id) => partsMap(parts, Number(/^compared-(\d+)$/.exec(id)?.[1] ?? 0)));
      const { maps } = (await host).data;
      const known = Object.values(maps);
      return Promise.all(
        params.explanations.map((id, i) => {
          const [, index = ''] = /^class-(\d+)-/.exec(id) ?? [];
          return fetchMap(maps[Number(index)] ?? known[i % known.length]!);
        }),
      );
    },
    async tokenLayers(params) {
      note('tokenLayers', params);
      const { data } = partsMap(partsOf(demo.state.explanation) ?? [], 0);
      return ['embedding', 'encoder.0', 'encoder.1'].map((title, i) => ({
        id: title,
        title,
        op: 'Add',
        relevance: data.map((value, at) => value + i * (at % 2)),
      }));
    },
    async explainToken(params) {
      note('explainToken', params);
    },
    async showTokens(params) {
      note('showTokens', params);
    },
    async exportComparison(params) {
      note('exportComparison', params);
    },
    async explainPart(params) {
      note('explainPart', params);
      await explain();
    },
    async judge(params) {
      note('judge', params);
      const told = { summary: '', needs: ['model'] } as const;
      const curve = [0.9, 0.5, 0.3, 0.2, 0.1, 0.05];
      await demo.update({
        judged: {
          explanation: demo.state.explanation!.id,
          metrics: [
            { ...told, id: 'deletion', title: 'Deletion', better: 'lower', value: 0.34, curve },
            { ...told, id: 'gini', title: 'Sparseness', better: 'higher', value: 0.61 },
          ],
        },
      });
    },
    async pickFile(params) {
      note('pickFile', params);
      return '/workspace/masks.npy';
    },
    async pickMethod(params) {
      note('pickMethod', params);
    },
    async exportAs(params) {
      note('exportAs', { format: params.format });
      if (params.png) demo.exported = params.png;
    },
    async writeConfig(params) {
      note('writeConfig', params);
    },
    async goToCode(params) {
      note('goToCode', params);
    },
    async openModelConfig(params) {
      note('openModelConfig', params);
    },
    async showLog(params) {
      note('showLog', params);
    },
  });
  connection.listen();
}

start();
