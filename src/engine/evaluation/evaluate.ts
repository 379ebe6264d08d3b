import { join } from 'node:path';
import { replaceFile, writeAll } from '../../graph/dataFile';
import { PrismError } from '../../graph/errors';
import { METHODS, methodById } from '../../methods/index';
import { mean } from '../../metrics/statistics';
import type { Unfit } from '../../protocol/study';
import type { CallContext } from '../../rpc';
import { commonOptions } from '../commonOptions';
import type { Desk, Worked, Workshop } from '../desk';
import { unfitMethods } from '../fit';
import type { Explainer, Wanted } from '../judge';
import { completeOptions } from '../options';
import { wantedMetrics } from '../score';
import { csvOf } from './csv';
import type { Entry, Evaluation, EvaluationQuestion, Failure, Kind } from './evaluation';
import type { Item } from './items';
import { Journal } from './journal';
import { isForMosaics, judgeMosaic, mosaicsOf } from './mosaics';
import { Pace } from './pace';
import { evaluationPage } from './page';
import { random } from './random';
import { failureOf, Run, UNFIT } from './run';
import { judgeItem, type Sighting } from './sightings';
import { summarise } from './summary';
import { inputsOf, NOUNS, sourceOf } from './tables';
import { USUAL_METRICS } from './usual';

/** Methods with their options. Throws UNKNOWN_METHOD, UNKNOWN_OPTION, BAD_OPTION. */
function explainersOf({ methods: ids, methodOptions = {} }: EvaluationQuestion): readonly Explainer[] {
  const methods = [...new Set(ids)].map((id) => (id === random.info.id ? random : methodById(id)));
  const infos = methods.map(({ info }) => info);
  const given = commonOptions('methods', infos, methodOptions);
  return methods.map((method) => ({ method, options: completeOptions(method.info, given.get(method.info.id)) }));
}

/** Work on the model for one input: what is told of progress is how far the evaluation is. */
class Bench {
  provider = '';
  readonly warnings: Worked<unknown>['warnings'][number][] = [];
  #model?: string;

  constructor(
    private readonly engine: Workshop,
    private readonly path: string,
    private readonly context: CallContext | undefined,
  ) {}

  async work(task: (desk: Desk) => Promise<void>): Promise<void> {
    const context = this.context && { signal: this.context.signal, progress: () => {} };
    const { provider, warnings } = await this.engine.work(
      this.path,
      async (desk) => {
        this.#model ??= desk.model.hash;
        if (this.#model !== desk.model.hash) {
          throw new PrismError('MODEL_CHANGED', `${this.path} has changed during the evaluation; start it again`);
        }
        await task(desk);
      },
      context,
    );
    this.provider = provider;
    for (const warning of warnings) {
      if (!this.warnings.some(({ code, message }) => code === warning.code && message === warning.message)) {
        this.warnings.push(warning);
      }
    }
  }
}

/**
 * Judges methods by metrics on the pictures or texts of a folder or the rows of a table, and writes what was found to a
 * folder. What is there already from a run that did not come to its end is not done again. Methods that the model is
 * beyond are found before any input is looked at.
 *
 * @param told of what fails for an input or a method as soon as it does; the rest goes on
 * @throws PrismError those of the question, of the model and of writing; what the first method says where none fits;
 *   NOTHING_JUDGED
 */
export async function evaluate(
  engine: Workshop,
  model: string,
  question: EvaluationQuestion,
  context?: CallContext,
  told?: (failure: Failure) => void,
): Promise<Evaluation> {
  const explainers = explainersOf(question);
  const { kind } = sourceOf(question);
  const items = inputsOf(question).slice(0, question.limit);
  const all = wantedMetrics(question.metrics ?? usualMetrics(kind, items), question.options);
  const onMosaics = all.filter(isForMosaics);
  const wanted = all.filter((one) => !isForMosaics(one));
  const bench = new Bench(engine, model, context);
  // A model that cannot be read is no input's fault.
  const unfit = await unfitOf(bench, explainers);
  const journal = new Journal<Entry>(join(question.out, FILES.results));
  try {
    const pace = new Pace(items.length * explainers.length, context);
    const run = new Run(question, explainers, wanted, pace, journal, told);
    for (const { method, error } of unfit) run.reject(method, error);
    const sightings: Sighting[] = [];
    const report = (): Evaluation => {
      const evaluation = evaluationOf(model, all, items, sightings, run, bench);
      write(question.out, evaluation, run.entries, all);
      return evaluation;
    };
    const growing = new Growing(report);
    try {
      await judgeItems(bench, items, run, sightings, growing, context);
      if (onMosaics.length > 0 && kind === 'images') await judgeMosaics(bench, sightings, onMosaics, run, context);
    } catch (error) {
      // What was found before it was stopped can be read; where the disk is full, that is what is told.
      if (context?.signal.aborted) report();
      throw error;
    }
    requireResults(run, items.length, kind);
    return report();
  } finally {
    journal.close();
  }
}

/** Throws NOTHING_JUDGED where everything has failed. */
function requireResults({ entries, failures }: Run, count: number, kind: Kind): void {
  const [first] = failures;
  if (entries.length > 0 || !first) return;
  const inputs = count === 1 ? `the only ${NOUNS[kind].one}` : `none of ${count} ${NOUNS[kind].many}`;
  const where = [first.image, first.method].flatMap((part) => part ?? []).join(' · ');
  throw new PrismError(
    'NOTHING_JUDGED',
    `${inputs} could ${count === 1 ? 'not ' : ''}be judged; the first failure, ${where}: ${first.error.message}`,
  );
}

/** The methods that the model is beyond. Throws what the first of them says, with those that fit, where all of them are. */
async function unfitOf(bench: Bench, explainers: readonly Explainer[]): Promise<readonly Unfit[]> {
  const methods = explainers.map(({ method }) => method);
  let unfit: readonly Unfit[] = [];
  await bench.work(async ({ model, request }) => {
    // Anything else may be the fault of the input that nobody has given yet.
    unfit = (await unfitMethods(model, methods, request)).filter(({ error }) => UNFIT.has(error.code));
    const [first] = unfit;
    if (unfit.length < methods.length || !first) return;
    const all = new Set((await unfitMethods(model, METHODS, request)).map(({ method }) => method));
    const fitting = METHODS.flatMap(({ info }) => (all.has(info.id) ? [] : [info.id]));
    const { code, message, details } = first.error;
    throw new PrismError(code, `${message}; what fits this model: ${fitting.join(', ')}`, details);
  });
  return unfit;
}

const usualMetrics = (kind: Kind, items: readonly Item[]): readonly string[] => [
  ...USUAL_METRICS[kind],
  ...(items.some(({ mask }) => mask !== undefined) ? USUAL_METRICS.withMasks : []),
];

/** Between two reports while the work goes on, and as many times as long as one takes. */
const REPORT_MS = 1500;
const REPORT_TIMES = 20;

/** A report that is written again and again as it grows, in a small part of the time. */
class Growing {
  #next = 0;

  constructor(private readonly report: () => unknown) {}

  grown(): void {
    const start = performance.now();
    if (start < this.#next) return;
    this.report();
    const end = performance.now();
    this.#next = end + Math.max(REPORT_MS, REPORT_TIMES * (end - start));
  }
}

async function judgeItems(
  bench: Bench,
  items: readonly Item[],
  run: Run,
  sightings: Sighting[],
  growing: Growing,
  context: CallContext | undefined,
): Promise<void> {
  for (const item of items) {
    context?.signal.throwIfAborted();
    try {
      await bench.work(async (desk) => void sightings.push(await judgeItem(desk, item, run)));
    } catch (error) {
      run.fail({ image: item.name, error: failureOf(error) });
      run.pace.skip(run.explainers.length);
    }
    growing.grown();
  }
}

async function judgeMosaics(
  bench: Bench,
  sightings: readonly Sighting[],
  wanted: readonly Wanted[],
  run: Run,
  context: CallContext | undefined,
): Promise<void> {
  const mosaics = mosaicsOf(sightings);
  run.pace.extend(mosaics.length * run.explainers.length);
  for (const mosaic of mosaics) {
    context?.signal.throwIfAborted();
    try {
      await bench.work((desk) => judgeMosaic(desk, mosaic, wanted, run));
    } catch (error) {
      run.fail({ image: mosaic.name, error: failureOf(error) });
      run.pace.skip(run.explainers.length);
    }
  }
}

/** Names of the files in the folder of results. */
const FILES = { results: 'results.jsonl', report: 'evaluation.json', table: 'evaluation.csv', page: 'report.html' };

function evaluationOf(
  model: string,
  wanted: readonly Wanted[],
  items: readonly Item[],
  sightings: readonly Sighting[],
  { question, explainers, entries, failures }: Run,
  { provider, warnings }: Bench,
): Evaluation {
  const { kind, path } = sourceOf(question);
  const wrong = sightings.filter(({ label, predicted }) => label && label.index !== predicted.index);
  const covered = sightings.flatMap(({ maskShare }) => maskShare ?? []);
  const judged = new Set(entries.flatMap(({ image, target }) => (target ? [image] : [])));
  return {
    model,
    images: {
      kind,
      folder: path,
      count: items.length,
      judged: judged.size,
      withLabel: sightings.filter(({ label }) => label).length,
      withMask: covered.length,
      misclassified: wrong.length,
      leftOut: sightings.filter(({ leftOut }) => leftOut).length,
      maskShare: covered.length > 0 ? mean(covered) : null,
    },
    target: question.target,
    metrics: Object.fromEntries(
      wanted.map(({ metric: { info }, options }) => [info.id, { options, better: info.better }]),
    ),
    methods: summarise(explainers, wanted, entries),
    failures,
    files: Object.fromEntries(Object.entries(FILES).map(([what, name]) => [what, join(question.out, name)])),
    provider,
    ...(warnings.length > 0 && { warnings }),
  };
}

function write(out: string, evaluation: Evaluation, entries: readonly Entry[], wanted: readonly Wanted[]): void {
  const texts = {
    [FILES.report]: `${JSON.stringify(evaluation, null, 2)}\n`,
    [FILES.table]: csvOf(entries, wanted),
    [FILES.page]: evaluationPage(evaluation, entries),
  };
  for (const [name, text] of Object.entries(texts)) {
    replaceFile(join(out, name), (file) => writeAll(file, Buffer.from(text), 0));
  }
}
