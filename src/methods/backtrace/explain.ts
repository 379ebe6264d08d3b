import { PrismError } from '../../graph/errors';
import { type FloatArray, floatArray } from '../../graph/ndarray';
import { outputShape, seedOf } from '../gradient';
import type { Attribution, RelevanceFlow, Runtime, Score, Subject } from '../method';
import { type BacktraceGraph, type BacktraceRequest, backtraceGraph } from './compile';
import type { Balance } from './ledger';
import type { StartOptions } from './start';

/** Which map a person gets: one of the two streams of contrast mode, or their difference. */
export type Stream = 'positive' | 'negative' | 'both';

export interface BacktraceOptions extends StartOptions {
  readonly stream: Stream;
  readonly saturation: boolean;
}

/** A score that sums over positions of a map [batch, classes, positions…] is a segmentation's. */
const isMap = ({ select }: Score): boolean => select.length >= 4 && select.slice(2).some((entry) => entry === ':');

/** The axis over classes: the channels of a map, otherwise the last one. */
const classAxis = ({ select }: Score): number => (select.length >= 4 ? 1 : Math.max(0, select.length - 1));

/** What to compile for a subject. */
function requestOf({ input, at, score }: Subject, options: BacktraceOptions): BacktraceRequest {
  const { mode, multiplier, scaler, threshold, saturation } = options;
  return {
    input,
    output: score.output,
    axis: classAxis(score),
    isMap: isMap(score),
    of: at ?? input,
    start: { mode, multiplier, scaler, threshold },
    saturation,
  };
}

/** The map of the stream asked for. */
function streamOf([positive, negative]: readonly FloatArray[], stream: Stream): FloatArray {
  if (!negative || stream === 'positive') return floatArray(positive.data, positive.shape);
  if (stream === 'negative') return floatArray(negative.data, negative.shape);
  return floatArray(
    positive.data.map((value, index) => value - negative.data[index]),
    positive.shape,
  );
}

/** A walk that was run. */
interface Walked {
  readonly of: string;
  /** The explained score. */
  readonly score: number;
  readonly output: FloatArray;
  readonly streams: readonly FloatArray[];
  readonly balance: Balance;
}

async function walk(subject: Subject, options: BacktraceOptions, runtime: Runtime): Promise<Walked> {
  const { graph, feeds, score } = subject;
  const request = requestOf(subject, options);
  const key = `backtrace/${JSON.stringify(request)}`;
  const compiled: BacktraceGraph = runtime.memo(key, () => backtraceGraph(graph, request));
  const program = await runtime.compile(key, () => compiled.graph, [compiled.seed]);
  runtime.checkCancelled();
  const weights = seedOf(score, outputShape(graph, score.output));
  const results = await program.run(new Map([...feeds, [compiled.seed, weights]]));
  const take = (value: string): FloatArray => results.get(value) as FloatArray;
  const output = take(compiled.output);
  const streams = compiled.relevance.map(take);
  if (streams.some(({ data }) => data.some((relevance) => !Number.isFinite(relevance)))) {
    throw new PrismError(
      'MAP_NAN',
      'the relevance holds numbers that are not finite; a smaller multiplier or start value keeps them in range',
    );
  }
  const balance = compiled.read(take(compiled.ledger).data);
  if (request.isMap && options.multiplier > 0 && balance.started === 0) {
    throw new PrismError(
      'EMPTY_REGION',
      `no position that counts is above the threshold ${options.threshold}; choose a lower one, or another region or class`,
      { output: score.output },
    );
  }
  return {
    of: request.of,
    score: weights.data.reduce((total, weight, index) => total + weight * output.data[index], 0),
    output,
    streams,
    balance,
  };
}

/**
 * Relevance of the subject's value, traced back from its score.
 *
 * @throws PrismError MAP_NAN, EMPTY_REGION, what {@link backtraceGraph} throws
 */
export async function explainBacktrace(
  subject: Subject,
  options: BacktraceOptions,
  runtime: Runtime,
): Promise<Attribution> {
  const { of, score, output, streams, balance } = await walk(subject, options, runtime);
  const { started: expected, arrived: actual, entries: ledger } = balance;
  const kept = ledger.reduce((sum, { sink, lost }) => sum + sink + lost, 0);
  return {
    of,
    map: streamOf(streams, options.stream),
    score,
    output,
    conservation: {
      what: 'relevance of the inputs, with what layers keep, against the relevance that started',
      expected,
      actual,
      lost: kept,
      residual: actual + kept - expected,
    },
    ledger,
  };
}

/** Where the relevance went; in contrast mode that of both streams together, and which part is that against. */
export async function backtraceFlow(
  subject: Subject,
  options: BacktraceOptions,
  runtime: Runtime,
): Promise<RelevanceFlow> {
  const { started, startedAgainst: against, moves, entries } = (await walk(subject, options, runtime)).balance;
  return {
    nodes: subject.graph.nodes,
    starts: [{ value: subject.score.output, relevance: started, ...(against !== undefined && { against }) }],
    moves,
    kept: new Map(entries.map(({ value, sink, lost }) => [value, { sink, lost }])),
  };
}
