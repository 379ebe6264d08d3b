import { describe, expect, test } from 'vitest';
import { PrismError } from '../../../src/graph/errors';
import type { Explanation, MethodSummary, ScalarMap } from '../../../src/protocol';
import type { HostApi, PanelState } from '../../../src/protocol/panel';
import type { Client } from '../../../src/rpc';
import { PanelModel } from '../../../webview/logic/panel-model';
import { defaultView, type View } from '../../../webview/logic/view';

const mapOf = (width: number, height: number, values: readonly number[] = []): ScalarMap => ({
  width,
  height,
  data: Float32Array.from({ length: width * height }, (_, i) => values[i] ?? 0),
});

const methods: readonly MethodSummary[] = [
  {
    id: 'srd',
    title: 'Sharing Ratio Decomposition',
    summary: '',
    family: 'pfv',
    signed: true,
    layers: true,
    options: [
      { key: 'contrastive', title: 'Contrastive', help: '', type: 'boolean', default: false },
      { key: 'head', title: 'Head', help: '', type: 'choice', default: 'auto', choices: ['auto', 'gap'] },
    ],
  },
  { id: 'gradient', title: 'Gradient', summary: '', family: 'gradient', signed: true, layers: false, options: [] },
];

const explanation = (id: string, change: Partial<Explanation> = {}): Explanation => ({
  id,
  model: {
    path: '/m/model.onnx',
    name: 'model.onnx',
    inputs: [],
    outputs: [],
    task: 'image-classification',
    parameters: 10,
    opset: 17,
    provider: 'cpu',
    settings: [],
    warnings: [],
  },
  method: methods[0]!,
  options: { contrastive: true, head: 'auto' },
  target: { index: 282, label: 'tiger cat', score: 9.215, probability: 0.4 },
  top: [],
  photograph: {
    path: '/m/cat.png',
    width: 8,
    height: 8,
    encoded: new Uint8Array(),
    mime: 'image/png',
    viewport: { x: 0, y: 0, width: 8, height: 8 },
  },
  map: mapOf(8, 8, [9.215]),
  statistics: { sum: 9.215, min: 0, max: 9.215 },
  conservation: { what: 'sum of relevance against the logit', expected: 9.215, actual: 9.215, residual: 0 },
  layers: [
    { id: 'image', title: 'image', op: 'Input', shape: [1, 3, 8, 8], width: 8, height: 8 },
    { id: 'relu', title: 'relu', op: 'Relu', shape: [1, 4, 3, 2], width: 2, height: 3 },
  ],
  provider: 'cpu',
  ms: { total: 10 },
  warnings: [],
  ...change,
});

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** A host that answers at once, or when the test lets it. */
function setUp(view: View = defaultView) {
  const calls: (readonly [string, unknown])[] = [];
  const held: (() => void)[] = [];
  const control = { hold: false, error: undefined as Error | undefined };
  const kept: View[] = [];
  const answer = <T>(method: string, params: unknown, value: T): Promise<T> => {
    calls.push([method, params]);
    if (control.error) return Promise.reject(control.error);
    return control.hold ? new Promise((resolve) => held.push(() => resolve(value))) : Promise.resolve(value);
  };
  const nothing = (method: keyof HostApi) => (params: unknown) => answer(method, params, undefined);
  const host: Client<HostApi> = {
    ready: (params) => answer('ready', params, { status: 'empty', methods, l10n: {} } satisfies PanelState),
    explainTarget: nothing('explainTarget'),
    go: nothing('go'),
    copyLink: nothing('copyLink'),
    addClass: nothing('addClass'),
    removeClass: nothing('removeClass'),
    before: (params) => answer('before', params, null),
    pinImage: nothing('pinImage'),
    showImage: nothing('showImage'),
    chooseMethod: nothing('chooseMethod'),
    setOptions: nothing('setOptions'),
    cancel: nothing('cancel'),
    retry: nothing('retry'),
    layerMaps: (params) =>
      answer(
        'layerMaps',
        params,
        params.layers.map(() => mapOf(2, 3, [0.1, 0.2, 0.9, 0, 0, -0.3])),
      ),
    receptiveField: (params) => answer('receptiveField', params, mapOf(8, 8, [params.x, params.y])),
    readers: (params) => answer('readers', params, mapOf(2, 3, [1])),
    exportAs: nothing('exportAs'),
    // Single PFVs have tests of their own.
    pfvSources: () => new Promise(() => {}),
    pfvChannels: () => new Promise(() => {}),
    channelMap: () => new Promise(() => {}),
    showNetwork: nothing('showNetwork'),
    alikeImages: () => new Promise(() => {}),
    alikeIn: () => new Promise(() => {}),
    openAlike: nothing('openAlike'),
    tokenLayers: () => new Promise(() => {}),
    explainToken: nothing('explainToken'),
    showTokens: nothing('showTokens'),
    pickCompared: nothing('pickCompared'),
    compareTarget: nothing('compareTarget'),
    openCompared: nothing('openCompared'),
    comparedMaps: (params) =>
      answer(
        'comparedMaps',
        params,
        params.explanations.map(() => mapOf(8, 8, [1])),
      ),
    exportComparison: nothing('exportComparison'),
    pickMethod: nothing('pickMethod'),
    explainPart: nothing('explainPart'),
    judge: nothing('judge'),
    pickFile: (params) => answer('pickFile', params, '/a.npy'),
    writeConfig: nothing('writeConfig'),
    openModelConfig: nothing('openModelConfig'),
    goToCode: nothing('goToCode'),
    showLog: nothing('showLog'),
  };
  let changes = 0;
  const model = new PanelModel(
    host,
    view,
    (next) => kept.push(next),
    () => changes++,
  );
  const ready = (change: Partial<Explanation> = {}, id = 'first'): void =>
    model.update({ status: 'ready', explanation: explanation(id, change), methods, l10n: {} });
  const asked = (method: string): unknown[] => calls.filter(([name]) => name === method).map(([, params]) => params);
  return { model, calls, held, control, kept, ready, asked, changes: () => changes };
}

describe('beginning', () => {
  test('tells the host that it listens and takes its snapshot', async () => {
    const { model, calls } = setUp();
    await model.start();
    expect(calls).toEqual([['ready', {}]]);
    expect(model.state?.status).toBe('empty');
  });

  test('a host that fails to answer is reported', async () => {
    const { model, control } = setUp();
    control.error = new PrismError('CONNECTION_CLOSED', 'the connection was closed');
    await model.start();
    expect(model.notice).toMatchObject({ code: 'CONNECTION_CLOSED' });
  });
});

describe('an explanation', () => {
  test('is announced with its score and residual', () => {
    const { model, ready } = setUp();
    ready();
    expect(model.announcement).toBe(
      'Explained as tiger cat, score 9.215. sum of relevance 9.2150 = logit 9.2150 (residual 0)',
    );
  });

  test('that failed is announced once, and the last good one stays', () => {
    const { model, ready } = setUp();
    ready();
    const error = { code: 'RUN_FAILED', message: 'onnxruntime failed' };
    model.update({ ...model.state!, status: 'failed', error });
    expect(model.announcement).toBe('The explanation failed: onnxruntime failed');
    expect(model.explanation?.id).toBe('first');
  });

  test('is shown in the display language', () => {
    const { model } = setUp();
    model.update({ status: 'empty', methods, l10n: { Classes: 'Klassen' } });
    expect(model.t('Classes')).toBe('Klassen');
  });
});

describe('layers and PFVs', () => {
  test('opening a layer fetches its map and is kept', async () => {
    const { model, ready, asked, kept } = setUp();
    ready();
    model.openLayer('relu');
    await settle();
    expect(model.layer?.title).toBe('relu');
    expect(asked('layerMaps')).toEqual([{ layers: ['relu'] }]);
    expect(kept.at(-1)?.layer).toBe('relu');
    model.closeLayer();
    expect(model.layer).toBeUndefined();
    expect(kept.at(-1)?.layer).toBeUndefined();
  });

  test('pointing shows an ERF while the pointer is there', async () => {
    const { model, ready } = setUp();
    ready();
    model.openLayer('relu');
    model.pointAtPfv({ x: 1, y: 2 });
    await settle();
    expect(model.field).toMatchObject({ layer: 'relu', x: 1, y: 2 });
    expect([...model.field!.map.data.subarray(0, 2)]).toEqual([1, 2]);
    model.pointAtPfv(undefined);
    expect(model.field).toBeUndefined();
  });

  test('a moving pointer is followed one request at a time, the latest last', async () => {
    const { model, ready, control, held, asked } = setUp();
    ready();
    model.openLayer('relu');
    await settle();
    control.hold = true;
    for (const y of [0, 1, 2]) model.pointAtPfv({ x: 0, y });
    expect(asked('receptiveField')).toEqual([{ layer: 'relu', x: 0, y: 0 }]);
    held.shift()!();
    await settle();
    expect(model.field?.y).toBe(0);
    held.shift()!();
    await settle();
    expect(model.field?.y).toBe(2);
    expect(asked('receptiveField')).toHaveLength(2);
  });

  test('an answer that comes when the pointer has left is not shown', async () => {
    const { model, ready, control, held } = setUp();
    ready();
    model.openLayer('relu');
    await settle();
    control.hold = true;
    model.pointAtPfv({ x: 0, y: 0 });
    model.pointAtPfv(undefined);
    held.shift()!();
    await settle();
    expect(model.field).toBeUndefined();
  });

  test('a PFV that was looked at before is shown at once', async () => {
    const { model, ready, asked } = setUp();
    ready();
    model.openLayer('relu');
    model.pointAtPfv({ x: 0, y: 1 });
    await settle();
    model.pointAtPfv({ x: 0, y: 2 });
    await settle();
    model.pointAtPfv({ x: 0, y: 1 });
    expect(model.field?.y).toBe(1);
    expect(asked('receptiveField')).toHaveLength(2);
  });

  test('a pinned PFV stays on show wherever the pointer is', async () => {
    const { model, ready, kept } = setUp();
    ready();
    model.openLayer('relu');
    await settle();
    model.pin({ x: 1, y: 0 });
    await settle();
    model.pointAtPfv({ x: 0, y: 2 });
    await settle();
    expect(model.field).toMatchObject({ x: 1, y: 0 });
    expect(kept.at(-1)?.pinned).toEqual({ layer: 'relu', x: 1, y: 0 });
    expect(model.announcement).toBe('PFV 1, 0: relevance 0.200, 22 % of the total.');
    model.unpin();
    await settle();
    expect(model.field).toMatchObject({ x: 0, y: 2 });
    expect(kept.at(-1)?.pinned).toBeUndefined();
  });

  test('arrow keys pin the strongest PFV first, and then move', async () => {
    const { model, ready } = setUp();
    ready();
    model.openLayer('relu');
    await settle();
    model.movePin({ x: 1, y: 0 });
    expect(model.pinned).toMatchObject({ x: 0, y: 1 });
    model.movePin({ x: 1, y: 0 });
    expect(model.pinned).toMatchObject({ x: 1, y: 1 });
    model.movePin({ x: 5, y: 5 });
    expect(model.pinned).toMatchObject({ x: 1, y: 2 });
  });

  test('pointing at the photograph asks for readers while a layer is open', async () => {
    const { model, ready, asked } = setUp();
    ready();
    model.pointAtPlace({ x: 3, y: 4 });
    model.openLayer('relu');
    model.pointAtPlace({ x: 3, y: 4 });
    await settle();
    model.pointAtPlace({ x: 3, y: 4 });
    await settle();
    expect(asked('readers')).toEqual([{ layer: 'relu', x: 3, y: 4 }]);
    expect(model.readers).toMatchObject({ layer: 'relu', x: 3, y: 4 });
    model.pointAtPlace(undefined);
    expect(model.readers).toBeUndefined();
  });
});

describe('another explanation', () => {
  test('of the same layers keeps layer and pin, and asks for everything again', async () => {
    const { model, ready, asked } = setUp();
    ready();
    model.openLayer('relu');
    model.pin({ x: 1, y: 1 });
    await settle();
    ready({}, 'second');
    expect(model.field).toBeUndefined();
    await settle();
    expect(model.layer?.id).toBe('relu');
    expect(model.field).toMatchObject({ x: 1, y: 1 });
    expect(asked('layerMaps')).toHaveLength(2);
    expect(asked('receptiveField')).toHaveLength(2);
  });

  test('without that layer goes back to the class map', () => {
    const { model, ready, kept } = setUp();
    ready();
    model.openLayer('relu');
    ready({ layers: [] }, 'second');
    expect(model.layer).toBeUndefined();
    expect(kept.at(-1)?.layer).toBeUndefined();
  });

  test('answers of the one before are thrown away', async () => {
    const { model, ready, control, held } = setUp();
    ready();
    model.openLayer('relu');
    await settle();
    control.hold = true;
    model.pin({ x: 0, y: 0 });
    ready({}, 'second');
    expect(held).toHaveLength(1);
    held.shift()!();
    await settle();
    expect(model.field).toBeUndefined();
  });

  test('the same one in a new state disturbs nothing', async () => {
    const { model, ready, asked } = setUp();
    ready();
    model.openLayer('relu');
    await settle();
    model.update({ ...model.state!, status: 'working', progress: { message: 'again' } });
    expect(model.layerMaps.get('relu')).toBeDefined();
    expect(asked('layerMaps')).toHaveLength(1);
  });

  test('keeps its photograph when that is not sent again', () => {
    const { model, ready } = setUp();
    const photograph = { ...explanation('').photograph!, encoded: Uint8Array.of(1, 2, 3) };
    ready({ photograph }, 'first');
    const again = { ...photograph, encoded: new Uint8Array(), viewport: { x: 1, y: 1, width: 6, height: 6 } };
    ready({ photograph: again }, 'second');
    expect(model.explanation?.photograph).toEqual({ ...again, encoded: photograph.encoded });
  });

  test('goes on being shown while the next is worked on', () => {
    const { model, ready } = setUp();
    ready();
    model.update({ ...model.state!, status: 'failed', error: { code: 'X', message: 'x' } });
    const question = { model: 'm', image: 'i', method: 'gradient' };
    model.working({ question, progress: { message: 'reading the picture', fraction: 0.5 } });
    expect(model.state).toMatchObject({ status: 'working', progress: { fraction: 0.5 }, explanation: { id: 'first' } });
    expect(model.state?.error).toBeUndefined();
    expect(model.method?.id).toBe('gradient');
    model.working({ question });
    expect(model.state?.progress).toBeUndefined();
  });

  test('that comes again with a report of progress keeps its identity, and so what was painted', () => {
    const { model, ready } = setUp();
    ready();
    const { explanation: before, t } = model;
    model.update({ ...structuredClone(model.state!), status: 'working', progress: { message: 'again' } });
    expect(model.explanation).toBe(before);
    expect(model.t).toBe(t);
  });

  test('the question is kept for the host, whatever the person changes meanwhile', () => {
    const question = { model: '/m/model.onnx', image: '/m/cat.png', method: 'srd', options: { contrastive: true } };
    const { model, kept } = setUp({ ...defaultView, question });
    model.setView({ opacity: 0.5 });
    expect(kept.at(-1)).toMatchObject({ opacity: 0.5, question });
    const next = { ...question, image: '/m/dog.png' };
    model.update({ status: 'working', methods, l10n: {}, question: next });
    expect(kept.at(-1)).toMatchObject({ opacity: 0.5, question: next });
    const count = kept.length;
    model.update({ status: 'working', methods, l10n: {}, question: structuredClone(next) });
    expect(kept).toHaveLength(count);
  });

  test('a kept view is taken up when the panel comes back', async () => {
    const { model, ready } = setUp({ ...defaultView, layer: 'relu', pinned: { layer: 'relu', x: 1, y: 2 } });
    ready();
    await settle();
    expect(model.layer?.id).toBe('relu');
    expect(model.field).toMatchObject({ x: 1, y: 2 });
  });

  test('a kept pin outside of the layer is ignored', async () => {
    const { model, ready, asked } = setUp({ ...defaultView, layer: 'relu', pinned: { layer: 'relu', x: 7, y: 0 } });
    ready();
    await settle();
    expect(model.pinned).toBeUndefined();
    expect(asked('receptiveField')).toEqual([]);
  });
});

describe('method and options', () => {
  test('show what was asked for until it is explained', async () => {
    const { model, ready, asked } = setUp();
    ready();
    expect(model.method?.id).toBe('srd');
    await model.chooseMethod('gradient');
    expect(asked('chooseMethod')).toEqual([{ method: 'gradient' }]);
    expect(model.method?.id).toBe('gradient');
    const question = { model: 'm', image: 'i', method: 'gradient' };
    model.update({ ...model.state!, status: 'working', question });
    expect(model.method?.id).toBe('gradient');
    model.update({ ...model.state!, status: 'failed', question, error: { code: 'X', message: 'x' } });
    expect(model.method?.id).toBe('gradient');
    model.update({ ...model.state!, status: 'ready', question });
    expect(model.method?.id).toBe('srd');
    ready({ method: methods[1]!, options: {} }, 'second');
    expect(model.asked).toEqual({});
    expect(model.method?.id).toBe('gradient');
  });

  test('choosing what is chosen asks for nothing', async () => {
    const { model, ready, calls } = setUp();
    ready();
    await model.chooseMethod('srd');
    await model.setOption('contrastive', true);
    expect(calls).toEqual([]);
  });

  test('an option is sent with all others as they are', async () => {
    const { model, ready, asked } = setUp();
    ready();
    expect(model.options).toEqual({ contrastive: true, head: 'auto' });
    await model.setOption('head', 'gap');
    await model.setOption('contrastive', false);
    expect(asked('setOptions')).toEqual([
      { options: { contrastive: true, head: 'gap' } },
      { options: { contrastive: false, head: 'gap' } },
    ]);
  });

  test('options of a question that failed are shown as they were asked', () => {
    const { model, ready } = setUp();
    ready();
    const question = { model: 'm', image: 'i', method: 'srd', options: { head: 'gap' } };
    model.update({ ...model.state!, status: 'failed', question, error: { code: 'X', message: 'x' } });
    expect(model.options).toEqual({ contrastive: true, head: 'gap' });
  });

  test('options of another method begin with its defaults', async () => {
    const { model, ready } = setUp();
    ready({ method: methods[1]!, options: {} });
    await model.chooseMethod('srd');
    expect(model.options).toEqual({ contrastive: false, head: 'auto' });
  });

  test('a class that was asked for is marked until it is explained', async () => {
    const { model, ready, asked } = setUp();
    ready();
    await model.explainTarget(285);
    expect(asked('explainTarget')).toEqual([{ index: 285 }]);
    expect(model.asked.target).toBe(285);
    ready({}, 'second');
    expect(model.asked.target).toBeUndefined();
  });
});

describe('links', () => {
  test('say what is open', async () => {
    const { model, ready, asked } = setUp();
    ready();
    await model.copyLink();
    model.openLayer('relu');
    await model.copyLink();
    model.pin({ x: 1, y: 2 });
    await model.copyLink();
    expect(asked('copyLink')).toEqual([
      {},
      { look: { layer: 'relu' } },
      { look: { layer: 'relu', pinned: { x: 1, y: 2 } } },
    ]);
  });

  test('open their layer and pin when the explanation is there, and only once', () => {
    const { model, kept } = setUp();
    const open = { id: 'a', layer: 'relu', pinned: { x: 1, y: 2 } };
    model.update({ status: 'working', methods, l10n: {}, open });
    expect(model.layer).toBeUndefined();
    const state: PanelState = { status: 'ready', explanation: explanation('first'), methods, l10n: {}, open };
    model.update(state);
    expect([model.layer?.id, model.pinned]).toEqual(['relu', { layer: 'relu', x: 1, y: 2 }]);
    model.closeLayer();
    model.update({ ...state });
    expect(model.layer).toBeUndefined();
    // After a reload as well.
    const again = setUp(kept.at(-1)!);
    again.model.update(state);
    expect(again.model.layer).toBeUndefined();
  });
});

describe('back and forward', () => {
  const question = { model: '/m/model.onnx', image: '/m/cat.png', method: 'srd' };
  const entries = [
    { question, title: 'one' },
    { question: { ...question, compare: ['srd', 'gradient'] }, title: 'two' },
    { question: { ...question, target: 3 }, title: 'three' },
  ];
  const setUpAt = (index: number, change: Partial<PanelState> = {}) => {
    const made = setUp();
    const state: PanelState = { status: 'ready', explanation: explanation('first'), methods, l10n: {}, ...change };
    made.model.update({ ...state, history: { entries, index, steps: 0 } });
    return made;
  };

  test('name where they lead, and ask the host', () => {
    const { model, asked } = setUpAt(1);
    expect([model.historyEntry(-1)?.title, model.historyEntry(1)?.title]).toEqual(['one', 'three']);
    model.go(-1);
    model.go(1);
    expect(asked('go')).toEqual([{ by: -1 }, { by: 1 }]);
  });

  test('at the ends there is nothing to ask for', () => {
    const { model, asked } = setUpAt(0);
    expect([model.canGo(-1), model.canGo(1)]).toEqual([false, true]);
    model.go(-1);
    expect(asked('go')).toEqual([]);
  });

  test('back leaves an open layer first', () => {
    const { model, asked } = setUpAt(2);
    model.openLayer('relu');
    model.go(-1);
    expect([model.layer, asked('go')]).toEqual([undefined, []]);
    model.go(-1);
    expect(asked('go')).toEqual([{ by: -1 }]);
  });

  test('back leaves what was opened from a comparison first, but nothing that came before or after it', () => {
    const comparison = { id: 'c', methods: [], columns: [] };
    const { model, asked } = setUpAt(1, { comparison });
    model.setView({ grid: false });
    model.go(-1);
    expect([model.comparing, asked('go')]).toEqual([true, []]);
    const other = setUpAt(2, { comparison });
    other.model.setView({ grid: false });
    other.model.go(-1);
    expect(other.asked('go')).toEqual([{ by: -1 }]);
  });

  test('arriving at a comparison shows it, arriving elsewhere does not', () => {
    const { model } = setUpAt(2, { comparison: { id: 'c', methods: [], columns: [] } });
    const arrive = (index: number, steps: number): void =>
      model.update({ ...model.state!, question: entries[index]!.question, history: { entries, index, steps } });
    arrive(1, 1);
    expect(model.comparing).toBe(true);
    arrive(0, 2);
    expect(model.comparing).toBe(false);
  });

  test('are kept for the host, with the question', () => {
    const { kept } = setUpAt(1);
    expect(kept.at(-1)?.history).toEqual({ entries, index: 1 });
  });
});

describe('failures of the panel’s own requests', () => {
  test('are shown until something works', async () => {
    const { model, ready, control } = setUp();
    ready();
    model.openLayer('relu');
    await settle();
    control.error = new PrismError('EXPLANATION_GONE', 'the explanation was given up; explain again');
    model.pointAtPfv({ x: 0, y: 0 });
    await settle();
    expect(model.notice).toEqual({ code: 'EXPLANATION_GONE', message: 'the explanation was given up; explain again' });
    control.error = undefined;
    model.pointAtPfv({ x: 0, y: 1 });
    await settle();
    expect(model.notice).toBeUndefined();
  });

  test('can be dismissed', async () => {
    const { model, control } = setUp();
    control.error = new PrismError('NOT_WRITABLE', 'the folder is read-only');
    await model.writeConfig();
    expect(model.notice?.code).toBe('NOT_WRITABLE');
    model.dismissNotice();
    expect(model.notice).toBeUndefined();
  });

  test('giving up is no failure', async () => {
    const { model, control } = setUp();
    control.error = new PrismError('CANCELLED', 'the request was cancelled');
    await model.explainTarget(3);
    expect(model.notice).toBeUndefined();
  });
});
