import { PrismError } from '../graph/errors';
import { typeOf, type ValueInfo } from '../graph/ir';
import type { NdArray } from '../graph/ndarray';
import { fromFloat32, isElementType } from '../inputs/elements';
import type { Token } from '../inputs/tokenizer';
import { emptyCache, isPast } from './generation/cache';
import type { Model } from './model';

/** What inputs beside the tokens are filled with, by their names: `whole` has an entry for tokens of a cache too. */
const BESIDE: readonly {
  readonly name: RegExp;
  readonly whole?: boolean;
  readonly valueOf: (token: Pick<Token, 'kind'>, at: number) => number;
}[] = [
  { name: /mask/i, whole: true, valueOf: ({ kind }) => (kind === 'padding' ? 0 : 1) },
  { name: /token_?type|segment/i, valueOf: () => 0 },
  { name: /position/i, valueOf: (_token, at) => at },
];

/** What a model of text is fed with. */
export type TextFeed = Pick<Token, 'id' | 'kind'>;

/**
 * The model's inputs for tokens.
 *
 * @param cached what a cache already knows: the first so many tokens, and the arrays they left; nothing when absent
 * @throws PrismError INPUT_MISSING, UNSUPPORTED_TYPE, CACHE_UNSUPPORTED
 */
export function feedsOf(
  { graph }: Pick<Model, 'graph'>,
  input: ValueInfo,
  tokens: readonly TextFeed[],
  cached: { readonly count: number; readonly arrays: ReadonlyMap<string, NdArray> } = { count: 0, arrays: new Map() },
): Map<string, NdArray> {
  const from = (name: string, values: readonly number[], rank: number | undefined): NdArray => {
    const dtype = typeOf(graph, name)?.dtype ?? 'int64';
    if (!isElementType(dtype)) {
      throw new PrismError('UNSUPPORTED_TYPE', `the input ${name} is of type ${dtype}; tokens are whole numbers`);
    }
    const shape = rank === 1 ? [values.length] : [1, values.length];
    return { dtype, shape, data: fromFloat32(Float32Array.from(values), dtype) };
  };
  return new Map(
    graph.inputs.map((other): [string, NdArray] => {
      const { name, shape } = other;
      const rank = shape?.length ?? input.shape?.length;
      if (name === input.name)
        return [
          name,
          from(
            name,
            tokens.slice(cached.count).map(({ id }) => id),
            rank,
          ),
        ];
      if (isPast(other)) return [name, cached.arrays.get(name) ?? emptyCache(other)];
      const beside = BESIDE.find((known) => known.name.test(name));
      if (beside) {
        const values = tokens.map(beside.valueOf);
        return [name, from(name, beside.whole ? values : values.slice(cached.count), rank)];
      }
      throw new PrismError(
        'INPUT_MISSING',
        `beside the tokens ${input.name} the model needs ${name}, which a text does not tell; give every input as an array`,
        { inputs: [name] },
      );
    }),
  );
}
