import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Engine } from '../../src/engine/engine';
import { evaluate } from '../../src/engine/evaluation/evaluate';
import type { Evaluation } from '../../src/engine/evaluation/evaluation';
import { Journal } from '../../src/engine/evaluation/journal';
import { keyOf } from '../../src/engine/evaluation/run';
import { inputsOf } from '../../src/engine/evaluation/tables';
import { PrismError } from '../../src/graph/errors';
import type { OptionValues } from '../../src/protocol';
import { type CallContext, cancelled } from '../../src/rpc';
import { type Cost, costOf, optionsOf } from './cost';
import { pageOf, sectionOf } from './page';
import { type Row, type Section, valuesIn } from './results';
import { type Field, laidOut, SUBJECTS, type Subject, VARIANTS, type Variant } from './subjects';

/**
 * Writes docs/backtrace-benchmark.md: DLBacktrace beside other methods, on tables, pictures and texts.
 * `npm run bench:backtrace -- [--only tabular|image|text] [--items N]`; a run that was stopped (Ctrl+C) goes on.
 */

const OUT = 'out/backtrace-benchmark';
const PAGE = 'docs/backtrace-benchmark.md';
const FIELDS: readonly Field[] = ['tabular', 'image', 'text'];
/** Between two lines about how far it is. */
const TOLD_MS = 5000;

/** Variants that one evaluation judges: each method once. */
function rounds(): Variant[][] {
  const left = [...VARIANTS];
  const found: Variant[][] = [];
  while (left.length > 0) {
    const round: Variant[] = [];
    for (const variant of [...left]) {
      if (round.some(({ method }) => method === variant.method)) continue;
      round.push(variant);
      left.splice(left.indexOf(variant), 1);
    }
    found.push(round);
  }
  return found;
}

/** What is kept of the timings. */
type Timed = Cost & { readonly key: string };

/** The work of one run. */
class Benchmark {
  readonly #engine = new Engine({ version: 'benchmark' });
  readonly #costs: Journal<Timed>;

  constructor(
    private readonly context: CallContext,
    private readonly limit: number | undefined,
  ) {
    mkdirSync(OUT, { recursive: true });
    this.#costs = new Journal(join(OUT, 'costs.jsonl'));
  }

  async open(): Promise<void> {
    await this.#engine.initialize({ cacheDir: join(OUT, 'cache'), provider: 'cpu' });
  }

  close(): void {
    this.#engine.dispose();
    this.#costs.close();
  }

  async section(subject: Subject): Promise<Section> {
    const folder = join(OUT, subject.name.replaceAll(/\W+/g, '-').toLowerCase());
    const model = laidOut(subject, folder);
    const rows = new Map<Variant, Row>();
    let counts: Section['counts'] | undefined;
    for (const [index, variants] of rounds().entries()) {
      const out = join(folder, `results-${index}`);
      const { images, failures } = await this.#evaluate(model, subject, variants, out);
      counts ??= {
        asked: images.count,
        judged: images.judged,
        misclassified: images.misclassified,
        labelled: images.withLabel,
      };
      for (const variant of variants) {
        const refusal = failures.find((failure) => failure.image === undefined && failure.method === variant.method);
        const values = valuesIn(out, variant.method, subject.metrics);
        if (refusal) rows.set(variant, { variant, values, refusal: refusal.error.message });
        else rows.set(variant, { variant, values, cost: await this.#cost(model, subject, variant) });
      }
    }
    if (!counts) throw new Error('there is nothing to judge');
    return { subject, counts, rows: VARIANTS.flatMap((variant) => rows.get(variant) ?? []) };
  }

  #evaluate(model: string, subject: Subject, variants: readonly Variant[], out: string): Promise<Evaluation> {
    const options = variants.flatMap((variant) =>
      Object.entries(optionsOf(variant, subject)).map(([key, value]) => [`${variant.method}.${key}`, value] as const),
    );
    const question = {
      ...subject.on,
      methods: variants.map(({ method }) => method),
      methodOptions: Object.fromEntries(options) as OptionValues,
      metrics: subject.metrics,
      options: subject.options,
      target: 'predicted' as const,
      onlyCorrect: false,
      limit: this.limit ?? subject.items,
      out,
    };
    return evaluate(this.#engine, model, question, this.context, ({ image, method, error }) =>
      console.error(`${subject.name}: ${[image, method].flatMap((part) => part ?? []).join(' · ')}: ${error.message}`),
    );
  }

  /** Times on the first input. */
  async #cost(model: string, subject: Subject, variant: Variant): Promise<Cost> {
    const [{ path, given }] = inputsOf(subject.on);
    const options = optionsOf(variant, subject);
    const key = keyOf(subject.name, variant.method, options);
    const known = this.#costs.get(key);
    if (known) return known;
    this.context.progress({ message: `timing ${variant.name}`, fraction: 0 });
    const cost = await costOf(this.#engine, model, given ?? { image: path }, variant, subject, this.context);
    this.#costs.add({ key, ...cost });
    return cost;
  }
}

/** What was asked for. Throws an explanation of how to ask. */
function request(): { readonly only: Field | undefined; readonly items: number | undefined } {
  const { values } = parseArgs({ options: { only: { type: 'string' }, items: { type: 'string' } } });
  const only = FIELDS.find((field) => field === values.only);
  const items = values.items === undefined ? undefined : Number(values.items);
  if ((values.only !== undefined && !only) || (items !== undefined && !(Number.isInteger(items) && items > 0))) {
    throw new Error(`usage: npm run bench:backtrace -- [--only ${FIELDS.join('|')}] [--items N]`);
  }
  return { only, items };
}

async function main(): Promise<void> {
  const { only, items } = request();
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort(cancelled()));
  let name = '';
  let told = 0;
  const context: CallContext = {
    signal: abort.signal,
    progress: ({ message }) => {
      if (message === undefined || performance.now() - told < TOLD_MS) return;
      told = performance.now();
      console.error(`${name}: ${message}`);
    },
  };
  const benchmark = new Benchmark(context, items);
  try {
    await benchmark.open();
    const sections: Section[] = [];
    for (const subject of SUBJECTS) {
      if (only && subject.field !== only) continue;
      name = subject.name;
      const section = await benchmark.section(subject);
      sections.push(section);
      console.log(`\n${sectionOf(section)}`);
    }
    if (!only && items === undefined) writeFileSync(PAGE, pageOf(sections));
  } finally {
    benchmark.close();
  }
}

main().catch((error: unknown) => {
  const stopped = error instanceof PrismError && error.code === 'CANCELLED';
  console.error(
    stopped ? 'stopped; the same command goes on from here' : error instanceof Error ? error.message : error,
  );
  process.exitCode = 1;
});
