import { PrismError } from '../graph/errors';
import { type FloatArray, floatArray } from '../graph/ndarray';
import { toFloat32 } from '../inputs/elements';
import { methodById } from '../methods/index';
import type { OptionValue } from '../methods/method';
import { metricById } from '../metrics/index';
import { locationsOf } from '../metrics/layout';
import type { Judgement } from '../metrics/metric';
import { distance, norm } from '../metrics/statistics';
import type { OptionValues, RemoteError } from '../protocol';
import { readArrayFile } from './arrays';
import { allClasses, classScore, targetIndex, topClasses, writtenScore } from './classes';
import { commonOptions } from './commonOptions';
import type { Desk } from './desk';
import { classOf, forward, fromEmbedding, outputOf, withAlternatives } from './explain';
import { type Explainer, Judge, type Wanted } from './judge';
import { statistics } from './maps';
import { maskFor } from './mask';
import { completeOptions } from './options';
import type { JudgedCase } from './reader';
import { readRegion } from './region';
import { type Given, prepare } from './subject';

/** Whose attribution it is when nobody says. */
const DEFAULT_METHOD = 'gradient';
/** Attributions that differ by more, relative to their size, are not the same. */
const SAME = 1e-2;

/** What is explained, as a person names it. */
export interface Target extends Given {
  readonly target?: number | string;
  readonly score?: string;
  readonly region?: string;
}

/** An attribution to judge. */
export interface Claim extends Target {
  /** An .npy file. */
  readonly attribution: string;
  /** An .npy file or a picture: where the evidence is. */
  readonly mask?: string;
  /** The method that made it: some metrics explain again, or look at its layers. */
  readonly method?: string;
  readonly methodOptions?: Readonly<Record<string, OptionValue>>;
  readonly metrics: readonly string[];
  /** `KEY` for all metrics that have it, or `METRIC.KEY`. */
  readonly options?: Readonly<Record<string, OptionValue>>;
}

/** A judgement as it is told: the value and what is behind it. */
export type MetricReport = Pick<Judgement, 'value' | 'reason' | 'curve'> & Readonly<Record<string, unknown>>;

export interface ScoreReport {
  readonly model: string;
  readonly target: {
    readonly index: number | null;
    readonly label: string;
    readonly score: number;
    readonly probability: number;
  };
  readonly attribution: {
    readonly shape: readonly number[];
    readonly sum: number;
    readonly min: number;
    readonly max: number;
  };
  /** The method that explained again; absent where none was needed. */
  readonly method?: { readonly id: string; readonly options: OptionValues };
  readonly metrics: Readonly<Record<string, MetricReport>>;
  readonly provider: string;
  readonly ms: Readonly<Record<string, number>>;
  /** Absent when there are none. */
  readonly warnings?: readonly RemoteError[];
}

/** Metrics by their identifiers, with their options. Throws UNKNOWN_METRIC, UNKNOWN_OPTION, BAD_OPTION. */
export function wantedMetrics(
  ids: readonly string[],
  options: Readonly<Record<string, OptionValue>> = {},
): readonly Wanted[] {
  const metrics = [...new Set(ids)].map(metricById);
  const infos = metrics.map(({ info }) => info);
  const given = commonOptions('metrics', infos, options);
  return metrics.map((metric) => ({ metric, options: completeOptions(metric.info, given.get(metric.info.id)) }));
}

/** Opens what is explained: the model on the input, and the score. */
async function openCase({ model, request }: Desk, question: Target): Promise<JudgedCase & { readonly label: string }> {
  const prepared = await prepare(model, question, request);
  const region = question.region === undefined ? undefined : await readRegion(question.region);
  if (question.score !== undefined) {
    const names = prepared.specialised.graph.outputs.map(({ name }) => name);
    const score = writtenScore(question.score, names, region);
    const output = outputOf(model, prepared, score.output);
    const index = classOf(output, score);
    const label = index === null ? question.score : output.labels[index];
    return { model, prepared: await fromEmbedding(prepared, score), output, score, label };
  }
  const output = outputOf(model, prepared);
  const open = question.target === undefined || output.boxes !== undefined;
  const values = open ? await forward(model, prepared, output.name, request) : undefined;
  const index =
    question.target === undefined && values
      ? topClasses(allClasses(output, values), 1)[0].index
      : targetIndex(output, question.target ?? 0);
  const score = classScore(output, index, region, values);
  return { model, prepared: await fromEmbedding(prepared, score), output, score, label: output.labels[index] };
}

function readAttribution(file: string): FloatArray {
  const { dtype, shape, data } = readArrayFile(file);
  return floatArray(toFloat32(dtype, data), shape);
}

export const metricReport = ({ details, ...told }: Judgement): MetricReport => ({ ...told, ...details });

/** Explains by the method named, and warns where that is not the attribution given. */
async function explainerOf(
  { method: id = DEFAULT_METHOD, methodOptions }: Claim,
  attribution: FloatArray,
  judge: Judge,
  { warn }: Desk,
): Promise<Explainer> {
  const method = methodById(id);
  const by = { method, options: completeOptions(method.info, methodOptions) };
  const own = await judge.explain(by).catch((error) => {
    throw withAlternatives(error, method);
  });
  // Of tokens there may be one number each, or one for every number of their vectors.
  const alike = own.data.length === attribution.data.length;
  const [first, second] = [own, attribution].map((map) => (alike ? map.data : locationsOf(map, judge.layout)));
  const same = distance(first, second) <= SAME * Math.max(norm(first), norm(second));
  if (!same) {
    warn(
      new PrismError(
        'METHOD_MISMATCH',
        `the attribution is not what ${id} gives for this input; metrics that explain again judge ${id}: name the method that made the attribution, with its options`,
        { method: id },
      ),
    );
  }
  return by;
}

/**
 * Judges an attribution, whoever made it.
 *
 * @throws PrismError those of explaining, of reading files and of {@link Judge.judge}
 */
export async function scoreAttribution(
  desk: Desk,
  claim: Claim,
): Promise<Omit<ScoreReport, 'model' | 'provider' | 'ms' | 'warnings'>> {
  const wanted = wantedMetrics(claim.metrics, claim.options);
  const opened = await openCase(desk, claim);
  const judge = new Judge(opened, desk.request, desk.scratch);
  const attribution = readAttribution(claim.attribution);
  const mask = claim.mask === undefined ? undefined : await maskFor(claim.mask, judge.layout, opened.prepared.seen);
  const again = claim.method !== undefined || wanted.some(({ metric }) => metric.info.needs.includes('method'));
  const by = again ? await explainerOf(claim, attribution, judge, desk) : undefined;
  const found = await judge.judge(attribution, wanted, { mask, by });
  return {
    target: { index: classOf(opened.output, opened.score), label: opened.label, ...(await judge.target()) },
    attribution: { shape: attribution.shape, ...statistics(attribution.data) },
    ...(by && { method: { id: by.method.info.id, options: by.options } }),
    metrics: Object.fromEntries([...found].map(([id, judgement]) => [id, metricReport(judgement)])),
  };
}
