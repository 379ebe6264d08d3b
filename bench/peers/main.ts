import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { classScore, topClasses } from '../../src/engine/classes';
import type { Desk } from '../../src/engine/desk';
import { Engine } from '../../src/engine/engine';
import { classify, outputOf, subjectOf } from '../../src/engine/explain';
import { prepare } from '../../src/engine/subject';
import { exportModel } from '../../src/graph/export';
import type { FloatArray } from '../../src/graph/ndarray';
import { writeNpy } from '../../src/inputs/npy';
import { resnet50 } from '../models';
import { EnvironmentError, install, interpreter, Peers } from './environment';
import { measure, type Result } from './measure';
import { pageOf, tableOf } from './page';
import { channelPairs, FOLDED, type Pair, pairsOf, SIGMA, type Sizes } from './pairs';

/** A network of the comparison. */
interface Network {
  readonly name: string;
  /** How networks.py builds it. */
  readonly architecture: string;
  /** Makes the model's file in a folder, or names one. */
  readonly model: (folder: string) => string;
  readonly picture: string;
  readonly window: number;
  readonly noisy: number;
  readonly coalitions: number;
  /** Inputs at once in PyTorch: what is fastest there. */
  readonly batch: number;
  readonly more: readonly Pair[];
  /** Whether the project's goals are about this network. */
  readonly goals: boolean;
}

const PAGE = 'docs/peers.md';
const SAMPLE = 'media/sample/imagenet';

const NETWORKS: Readonly<Record<string, Network>> = {
  resnet50: {
    name: 'ResNet-50, 224 × 224, seeded weights',
    architecture: 'resnet50',
    model: (folder) => {
      const path = join(folder, 'resnet50.onnx');
      writeFileSync(path, exportModel(resnet50()));
      copyFileSync(join(SAMPLE, 'efficientnet-lite0.prism.json'), join(folder, 'resnet50.prism.json'));
      copyFileSync(join(SAMPLE, 'labels.txt'), join(folder, 'labels.txt'));
      return path;
    },
    picture: join(SAMPLE, 'photographs/chelsea.png'),
    window: 32,
    noisy: 10,
    coalitions: 64,
    batch: 5,
    more: [FOLDED],
    goals: true,
  },
  vgg: {
    name: 'a small trained VGG, 64 × 64',
    architecture: 'chain',
    model: () => 'test/cases/models/planted/vgg.onnx',
    picture: 'test/cases/models/planted/pictures/000_striped-disc.png',
    window: 8,
    noisy: 25,
    coalitions: 500,
    batch: 32,
    more: channelPairs,
    goals: false,
  },
};

const isFloat = (array: { readonly dtype: string }): array is FloatArray => array.dtype === 'float32';

/** Rectangles that divide a picture, as an array of their numbers. */
function grid(height: number, width: number, rows: number, columns: number): Uint8Array {
  const data = Float32Array.from({ length: height * width }, (_, place) => {
    const row = Math.floor((rows * Math.floor(place / width)) / height);
    return row * columns + Math.floor((columns * (place % width)) / width);
  });
  return writeNpy({ dtype: 'float32', shape: [height, width], data });
}

/** Writes what both sides are given beside the model and the picture. */
async function sizesOf(network: Network, [height, width]: readonly number[], peers: Peers, folder: string) {
  const files = {
    segments: join(folder, 'segments.npy'),
    few: join(folder, 'few.npy'),
    draws: join(folder, 'draws.npy'),
  };
  writeFileSync(files.segments, grid(height, width, 4, 4));
  writeFileSync(files.few, grid(height, width, 2, 3));
  await peers.ask({ draws: [network.coalitions, 16], out: files.draws });
  return { ...files, window: network.window, noisy: network.noisy, coalitions: network.coalitions } satisfies Sizes;
}

/** Compares on one network, pair by pair. */
async function compare(
  desk: Desk,
  network: Network,
  peers: Peers,
  folder: string,
  chosen: (pair: Pair) => boolean,
): Promise<{ results: Result[]; versions: Readonly<Record<string, string>> }> {
  const { model, request } = desk;
  const prepared = await prepare(model, { image: resolve(network.picture) }, request);
  const x = prepared.feeds.get(prepared.input);
  if (!x || !isFloat(x)) throw new Error(`${network.name} takes no float32`);
  const input = join(folder, 'input.npy');
  writeFileSync(input, writeNpy(x));
  const [{ index: target }] = topClasses(await classify(model, prepared, request), 1);
  const sizes = await sizesOf(network, x.shape.slice(2), peers, folder);
  const range =
    x.data.reduce((most, value) => Math.max(most, value), -1e9) - x.data.reduce((a, b) => Math.min(a, b), 1e9);
  const { versions } = await peers.ask<{ versions: Readonly<Record<string, string>> }>({
    setting: {
      ...{ ...sizes, model: model.path, architecture: network.architecture, input, target },
      ...{ threads: availableParallelism(), batch: network.batch, sigma: SIGMA * range },
    },
  });
  const subject = subjectOf(prepared, classScore(outputOf(model, prepared), target));
  const results: Result[] = [];
  for (const pair of [...pairsOf(sizes), ...network.more].filter(chosen)) {
    const wanted = network.goals ? pair : { ...pair, goal: undefined };
    const result = await measure(wanted, { subject, runtime: prepared.specialised.runtime }, peers, folder);
    results.push(result);
    console.error(`${pair.method} · ${pair.peer}: ${result.ours.toFixed(1)} ms, ${result.theirs.toFixed(1)} ms`);
  }
  return { results, versions };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      install: { type: 'boolean', default: false },
      python: { type: 'string' },
      network: { type: 'string' },
      method: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  if (values.install) {
    install(values.python ?? 'python3');
    return;
  }
  const python = interpreter(values.python);
  const names = values.network?.split(',') ?? Object.keys(NETWORKS);
  const unknown = names.filter((name) => !NETWORKS[name]);
  if (unknown.length > 0) throw new EnvironmentError(`networks are ${Object.keys(NETWORKS).join(', ')}`);
  const methods = values.method?.split(',');
  const complete = values.network === undefined && methods === undefined;
  const folder = mkdtempSync(join(tmpdir(), 'prism-peers-'));
  const engine = new Engine({ version: '0' });
  const peers = new Peers(python);
  try {
    await engine.initialize({ cacheDir: join(folder, 'cache'), provider: 'cpu' });
    const sections = [];
    let versions: Readonly<Record<string, string>> = {};
    for (const name of names) {
      const network = NETWORKS[name];
      const work = (desk: Desk) =>
        compare(desk, network, peers, folder, ({ method }) => !methods || methods.includes(method));
      const { result } = await engine.work(resolve(network.model(folder)), work);
      sections.push({ title: network.name, results: result.results });
      ({ versions } = result);
      console.log(`\n${network.name}\n${tableOf(result.results)}`);
    }
    if (values.write) {
      const before = existsSync(PAGE) && !complete ? readFileSync(PAGE, 'utf8') : '';
      writeFileSync(PAGE, pageOf(sections, versions, before));
    }
  } finally {
    peers.close();
    engine.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof EnvironmentError ? `error: ${error.message}` : error);
  process.exitCode = 1;
});
