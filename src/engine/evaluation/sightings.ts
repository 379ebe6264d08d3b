import type { FloatArray } from '../../graph/ndarray';
import { resolveTarget } from '../../inputs/labels';
import { undefinedFor } from '../../metrics/metric';
import { allClasses, type ClassOutput, classScore, topClasses } from '../classes';
import type { Desk } from '../desk';
import { forward, fromEmbedding, outputOf } from '../explain';
import { type Explainer, Judge } from '../judge';
import { maskFor } from '../mask';
import { type MetricReport, metricReport } from '../score';
import { prepare } from '../subject';
import type { Entry, NamedClass } from './evaluation';
import type { Item } from './items';
import { contentsOf, explainerKey, keyOf, modelKey, type Run, wantedKey } from './run';
import { NOUNS, sourceOf } from './tables';

/** An input as the model saw it. */
export interface Sighting {
  readonly item: Item;
  readonly predicted: NamedClass & { readonly probability: number };
  readonly label?: NamedClass;
  /** Misclassified, and not wanted. */
  readonly leftOut: boolean;
  /** Share of the input that the mask covers. */
  readonly maskShare?: number;
}

/** The class that an input is of. Throws TARGET_UNKNOWN and others, but not for a folder's name that is no class. */
function labelOf({ label, guessed }: Item, { labels }: ClassOutput): NamedClass | undefined {
  if (label === undefined) return undefined;
  try {
    return resolveTarget(label, labels);
  } catch (error) {
    if (guessed) return undefined;
    throw error;
  }
}

/** All metrics of one attribution; those that need a mask have no value without one. */
async function metricsOf(
  judge: Judge,
  attribution: FloatArray,
  mask: Uint8Array | undefined,
  by: Explainer,
  { wanted, question }: Run,
): Promise<Record<string, MetricReport>> {
  const possible = wanted.filter(({ metric }) => mask || !metric.info.needs.includes('mask'));
  const found = await judge.judge(attribution, possible, { mask, by });
  return Object.fromEntries(
    wanted.map(({ metric: { info } }) => [
      info.id,
      shortened(
        metricReport(found.get(info.id) ?? undefinedFor(`the ${NOUNS[sourceOf(question).kind].one} has no mask`)),
      ),
    ]),
  );
}

/** Digits of a curve that are kept: more than float32 has. */
const DIGITS = 8;

const shortened = (report: MetricReport): MetricReport =>
  report.curve ? { ...report, curve: report.curve.map((value) => Number(value.toPrecision(DIGITS))) } : report;

/**
 * Judges all methods on one input.
 *
 * @throws PrismError those of reading the input, its mask and its label; what a method cannot do is noted
 */
export async function judgeItem(desk: Desk, item: Item, run: Run): Promise<Sighting> {
  const { question, explainers, wanted, pace } = run;
  const { model, request } = desk;
  const prepared = await prepare(model, item.given ?? { image: item.path }, request);
  const output = outputOf(model, prepared);
  const values = await forward(model, prepared, output.name, request);
  const classes = allClasses(output, values);
  const [{ index, label: name, probability }] = topClasses(classes, 1);
  const predicted = { index, label: name, probability };
  const label = labelOf(item, output);
  const chosen = question.target === 'label' && label ? label : { index, label: name };
  const score = classScore(output, chosen.index, undefined, values);
  const judge = new Judge(
    { model, prepared: await fromEmbedding(prepared, score), output, score },
    request,
    desk.scratch,
  );
  const mask = item.mask === undefined ? undefined : await maskFor(item.mask, judge.layout, prepared.seen);
  const leftOut = question.onlyCorrect && label !== undefined && label.index !== index;
  if (leftOut) pace.skip(explainers.length);
  else {
    const own = item.contents ?? contentsOf(item.path);
    const seen = [own, item.mask && contentsOf(item.mask), chosen.index, label?.index];
    const target = { ...chosen, probability: classes[chosen.index].probability };
    for (const by of explainers) {
      const key = keyOf(...modelKey(desk), ...seen, explainerKey(by), wantedKey(wanted));
      await run.pair(key, item.name, by, async (): Promise<Omit<Entry, 'key'>> => {
        const start = performance.now();
        const attribution = await judge.explain(by);
        const explainMs = Math.round(10 * (performance.now() - start)) / 10;
        const metrics = await metricsOf(judge, attribution, mask, by, run);
        const classesOf = { target, predicted: { index, label: name }, ...(label && { label }) };
        return { image: item.name, method: by.method.info.id, ...classesOf, metrics, explainMs };
      });
    }
  }
  return {
    item,
    predicted,
    leftOut,
    ...(label && { label }),
    ...(mask && { maskShare: mask.reduce((sum, inside) => sum + inside, 0) / mask.length }),
  };
}
