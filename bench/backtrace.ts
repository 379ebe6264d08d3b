import { execFileSync } from 'node:child_process';
import { createSession } from '../src/engine/session';
import { exportModel } from '../src/graph/export';
import type { Graph } from '../src/graph/ir';
import type { NdArray } from '../src/graph/ndarray';
import { split } from '../src/graph/split';
import { type BacktraceGraph, backtraceGraph } from '../src/methods/backtrace/compile';
import { memoryOf } from './backtrace-memory';
import { lowered } from './lowered';
import { type Contender, compare, contender, table } from './measure';
import { image, resnet50 } from './models';
import { BERT_BASE, CAUSAL, transformer, twoLayers, VOCABULARY, words } from './transformers';

type Mode = 'default' | 'contrast';
const MODES: readonly Mode[] = ['default', 'contrast'];

interface Network {
  readonly name: string;
  readonly graph: () => Graph;
  readonly feed: () => NdArray;
  /** The most that forward and backtrace may cost in forward passes. */
  readonly bounds?: Readonly<Record<Mode, number>>;
  /** The same for a further class. */
  readonly further?: Readonly<Record<Mode, number>>;
}

const PROMISED = { bounds: { default: 3.2, contrast: 6.5 }, further: { default: 1.2, contrast: 2.4 } };

const NETWORKS: readonly Network[] = [
  { name: 'ResNet-50, 224²', graph: resnet50, feed: () => image([1, 3, 224, 224]), ...PROMISED },
  {
    name: 'BERT-base-shaped, 128 tokens',
    graph: () => transformer(BERT_BASE),
    feed: () => words(BERT_BASE.tokens),
    ...PROMISED,
  },
];

function traced(graph: Graph, mode: Mode): BacktraceGraph {
  const [{ name }] = graph.inputs;
  const start = { mode, multiplier: 100, scaler: 1, threshold: 0.5 };
  return backtraceGraph(graph, {
    input: name,
    output: 'logits',
    axis: 1,
    isMap: false,
    of: name,
    start,
    saturation: false,
  });
}

/** The first of the classes. */
function seedFor({ graph, output }: BacktraceGraph): NdArray {
  const shape = graph.outputs.find(({ name }) => name === output)?.shape as readonly number[];
  const data = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
  data[0] = 1;
  return { dtype: 'float32', shape, data };
}

/** A pass alone, for a further class: what the trace made is fed. */
async function further(compiled: BacktraceGraph, input: string, feed: NdArray, bound?: number): Promise<Contender> {
  const { trace, pass } = split(await lowered(compiled.graph), [compiled.seed]);
  const session = await createSession(exportModel(trace), 'cpu');
  const made = await session.run(new Map([[input, feed]]));
  await session.release();
  const feeds = new Map<string, NdArray>([[compiled.seed, seedFor(compiled)], [input, feed], ...made]);
  const read = new Set(pass.inputs.map(({ name }) => name));
  return contender('a further class', pass, new Map([...feeds].filter(([name]) => read.has(name))), bound);
}

async function time(network: Network, rounds: number): Promise<void> {
  const graph = network.graph();
  const [{ name }] = graph.inputs;
  const feed = network.feed();
  const forward = await contender('forward', graph, new Map([[name, feed]]));
  for (const mode of MODES) {
    const compiled = traced(graph, mode);
    const feeds = new Map([
      [name, feed],
      [compiled.seed, seedFor(compiled)],
    ]);
    const both = await contender(
      `forward and backtrace, ${mode}`,
      await lowered(compiled.graph),
      feeds,
      network.bounds?.[mode],
    );
    const contenders: Contender[] = [forward, both];
    if (network.further) contenders.push(await further(compiled, name, feed, network.further[mode]));
    console.log(`\n${network.name}: ${mode}`);
    console.log(table(await compare(contenders, rounds)));
    await both.session.release();
  }
  await forward.session.release();
}

/** The published library's way: a step of Python for every neuron and pixel. */
async function published(rounds: number): Promise<void> {
  const graph = twoLayers();
  const feed = image([1, 64, 32, 32]);
  const compiled = traced(graph, 'default');
  const feeds = new Map([
    ['image', feed],
    [compiled.seed, seedFor(compiled)],
  ]);
  const own = await contender('forward and backtrace', await lowered(compiled.graph), feeds);
  const [{ wall }] = await compare([own], Math.max(rounds, 10));
  await own.session.release();
  let seconds: number;
  try {
    seconds = Number(execFileSync('python3', ['bench/backtrace_v1.py'], { encoding: 'utf8' }));
  } catch (error) {
    console.log(
      `\nno comparison with loops in Python: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
    );
    return;
  }
  console.log(
    `\nConv 64→64 3×3 on 32×32, GAP, linear: loops as published ${(1000 * seconds).toFixed(0)} ms, forward and backtrace here ${wall.toFixed(2)} ms: ${((1000 * seconds) / wall).toFixed(0)} × (at least 100)`,
  );
}

/** Relevance by DLBacktrace, against the forward pass alone and against the published way of computing it. */
export async function backtraceSection(rounds: number): Promise<void> {
  await published(rounds);
  for (const network of NETWORKS) await time(network, rounds);
  const causal: Network = {
    name: `causal transformer, ${CAUSAL.tokens} tokens, ${CAUSAL.layers} × ${CAUSAL.width}`,
    graph: () => transformer(CAUSAL),
    feed: () => words(CAUSAL.tokens),
    bounds: { default: 5, contrast: 10 },
  };
  await time(causal, Math.min(rounds, 3));
  const model = transformer(CAUSAL);
  await memoryOf(model, traced(model, 'default'), CAUSAL.tokens, VOCABULARY);
}
