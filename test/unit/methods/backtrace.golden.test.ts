import { describe, expect, it } from 'vitest';
import { backtrace } from '../../../src/methods/backtrace';
import type { Options, Score } from '../../../src/methods/method';
import { caseNames, type Expectation, loadCase } from '../../support/cases';
import { testRuntime } from '../../support/runtime';
import { relativeToMaximum, subjectOf } from '../../support/sharing';

const DEFAULTS: Options = {
  mode: 'default',
  stream: 'positive',
  multiplier: 100,
  scaler: 0,
  threshold: 0.5,
  saturation: false,
};

/** Attention divides by outputs that may be small. */
const toleranceOf = (name: string): number => (name.startsWith('dlb-attention') ? 1e-4 : 1e-5);

interface Books {
  readonly start: number;
  readonly input: number;
  readonly sink: Readonly<Record<string, number>>;
  readonly lost: Readonly<Record<string, number>>;
}

/** What the case says of starts, sinks and losses under these parameters. */
const booksOf = (params: Readonly<Record<string, unknown>>, { mode, saturation }: Options): Books =>
  params[mode === 'contrast' ? 'contrast' : `default sat=${saturation ? 'True' : 'False'}`] as Books;

const optionsOf = ({ what, params }: Expectation): Options => ({
  ...DEFAULTS,
  mode: params.mode as string,
  // Contrast mode has no bounds.
  saturation: params.mode === 'default' && params.saturation === true,
  stream: what.includes('.neg') ? 'negative' : 'positive',
});

describe.each(caseNames('dlb-'))('%s', async (name) => {
  const golden = loadCase(name);
  const subject = await subjectOf(name);
  const runtime = testRuntime();
  const rank = subject.graph.outputs[0].shape?.length ?? 2;
  const scoreOf = (target: Expectation['target']): Score => ({
    output: subject.output,
    select: rank === 4 ? [0, 0, ':', ':'] : [0, Number(target)],
  });
  const maps = golden.expect.filter(({ what, params }) => what.startsWith('dlb.') && params.code === undefined);

  it('has maps to compare with', () => expect(maps.length).toBeGreaterThan(3));

  it.each(maps.map((expectation) => [`${expectation.what} of ${expectation.of}`, expectation] as const))(
    '%s',
    async (_, expectation) => {
      const { of, target } = expectation;
      const options = optionsOf(expectation);
      const score = scoreOf(target);
      const at = of === subject.input ? {} : { at: of };
      const { map, conservation, ledger } = await backtrace.explain({ ...subject, ...at, score }, options, runtime);
      const wanted = expectation.array().data as Float32Array;
      expect(relativeToMaximum(map.data, wanted)).toBeLessThanOrEqual(toleranceOf(name));

      const books = booksOf(golden.params, options);
      const close = (actual: number, number: number): void =>
        expect(Math.abs(actual - number)).toBeLessThanOrEqual(toleranceOf(name) * books.start);
      close(conservation?.expected as number, books.start);
      close(conservation?.actual as number, books.input);
      close(conservation?.residual as number, 0);
      for (const entry of ledger ?? []) close(entry.in + entry.sink + entry.lost, entry.out);
      for (const [value, sink] of Object.entries(books.sink)) {
        const own = ledger?.filter((entry) => entry.value === value || reads(value, entry.value)) ?? [];
        close(
          own.reduce((sum, entry) => sum + entry.sink, 0),
          sink,
        );
      }
      const lost = Object.values(books.lost).reduce((sum, number) => sum + number, 0);
      close(ledger?.reduce((sum, entry) => sum + entry.lost, 0) ?? 0, lost);
    },
  );

  /** A bias added behind a matrix product is kept by the product. */
  function reads(sum: string, product: string): boolean {
    const add = subject.graph.nodes.find(({ outputs }) => outputs[0] === sum);
    return add?.op === 'Add' && add.inputs.includes(product) && product.includes('MatMul');
  }
});
