/**
 * Relevance rules of linear layers as data. A rule is a sum of parts; each part shares relevance out in proportion to
 * what a modified layer computes from a modified input:
 *
 *     R_i = Σ_parts share · Σ_terms ± x̃_i · Σ_j w̃_ij · R_j / (Σ_terms ± (Σ_k x̃_k w̃_kj + b̃_j) stabilised)
 *
 * The rules and their names follow Bach et al. 2015, Montavon et al. 2017 and 2019 (with negative inputs treated as
 * Andéol et al. 2021 do), Lapuschkin et al. 2019 (flat) and Nam et al. 2020 and 2021 (relative propagation).
 */

/** What stands in for the layer's input. `low` and `high` are the ends of the range that pixels can have. */
export type InputPart = 'all' | 'positive' | 'negative' | 'ones' | 'low' | 'high';

/**
 * What stands in for the weight, and for the bias where a term has one. `raised` adds a multiple of one sign's part;
 * `evidence` is what relevance says of a weight: Σ x̃_i R_j over the places at which it connects i and j.
 */
export type WeightPart =
  | 'all'
  | 'positive'
  | 'negative'
  | 'ones'
  | 'evidence'
  | { readonly raised: 'positive' | 'negative'; readonly by: number };

export interface Term {
  readonly input: InputPart;
  readonly weight: WeightPart;
  /** Whether the modified bias counts in the denominator; it then absorbs its share. */
  readonly bias: boolean;
  readonly sign: 1 | -1;
}

export interface Part {
  /** What the part is multiplied by: α, −β, 1. */
  readonly share: number;
  /** Only relevance of outputs of this sign. */
  readonly outputs?: 'positive' | 'negative';
  /** Only relevance of this sign. */
  readonly relevance?: 'positive' | 'negative';
  readonly terms: readonly Term[];
  /** Terms of the denominator where they are others. */
  readonly among?: readonly Term[];
}

export interface LinearRule {
  readonly parts: readonly Part[];
  /** Added to a denominator with its sign. */
  readonly stabiliser: number;
  /**
   * What becomes of the difference between the relevance that came and what was given, where biases have no share of
   * it: it is noted as lost, or taken from every input that was given any, in equal shares.
   */
  readonly remainder?: 'lost' | 'even';
}

/** What every denominator gets where a rule has no ε of its own. */
export const STABILISER = 1e-6;

const term = (input: InputPart, weight: WeightPart, bias = false, sign: 1 | -1 = 1): Term => ({
  input,
  weight,
  bias,
  sign,
});

/** ε: the share of x·w in the output, with ε taking a little of everything. ε = 0 is the rule called LRP-0. */
export const epsilonRule = (epsilon: number): LinearRule => ({
  parts: [{ share: 1, terms: [term('all', 'all', true)] }],
  stabiliser: epsilon,
});

/** LRP-0: what each input contributed, with nothing to keep denominators from zero. */
export const zeroRule: LinearRule = epsilonRule(0);

const ACTIVATING = [term('positive', 'positive', true), term('negative', 'negative')];
const INHIBITING = [term('positive', 'negative', true), term('negative', 'positive')];

/** αβ: what raises the output gets α times the relevance, what lowers it −β times; α − β = 1. */
export const alphaBetaRule = (alpha: number, beta: number): LinearRule => ({
  parts: [{ share: alpha, terms: ACTIVATING }, ...(beta === 0 ? [] : [{ share: -beta, terms: INHIBITING }])],
  stabiliser: STABILISER,
});

/** z⁺: only what raises the output counts. */
export const zPlusRule: LinearRule = alphaBetaRule(1, 0);

/** γ: what acts in the direction of the output counts 1 + γ times. */
export const gammaRule = (gamma: number): LinearRule => {
  const raised = (part: 'positive' | 'negative'): WeightPart => ({ raised: part, by: gamma });
  return {
    parts: [
      {
        share: 1,
        outputs: 'positive',
        terms: [term('positive', raised('positive'), true), term('negative', raised('negative'))],
      },
      {
        share: 1,
        outputs: 'negative',
        terms: [term('positive', raised('negative'), true), term('negative', raised('positive'))],
      },
    ],
    stabiliser: STABILISER,
  };
};

/** zᴮ: for pixels between two bounds l and h, x·w − l·w⁺ − h·w⁻. The bias cancels. */
export const boxRule: LinearRule = {
  parts: [
    {
      share: 1,
      terms: [term('all', 'all'), term('low', 'positive', false, -1), term('high', 'negative', false, -1)],
    },
  ],
  stabiliser: STABILISER,
};

/** Flat: equal shares to all that the output reads. */
export const flatRule: LinearRule = {
  parts: [{ share: 1, terms: [term('ones', 'ones')] }],
  stabiliser: STABILISER,
};

const OPPOSED = INHIBITING.map(({ input, weight }) => term(input, weight, false, -1));
const RAISING = ACTIVATING.map(({ input, weight }) => term(input, weight));

/** Shares by the size of contributions, whatever their sign. Biases count for nothing. */
export const influenceRule: LinearRule = {
  parts: [{ share: 1, terms: [...RAISING, ...OPPOSED] }],
  stabiliser: STABILISER,
  remainder: 'lost',
};

/**
 * Relative attributing: contributions that raise the output share all relevance, those that lower it get besides as
 * much as they weigh among all, and what is too much is taken from all alike: who contributed little ends below zero.
 */
export const relativeRule: LinearRule = {
  parts: [
    { share: 1, terms: RAISING },
    { share: 1, terms: OPPOSED, among: [...RAISING, ...OPPOSED] },
  ],
  stabiliser: STABILISER,
  remainder: 'even',
};

const sectional = (share: number, remainder: 'lost' | 'even'): LinearRule => ({
  parts: (['positive', 'negative'] as const).map((relevance) => ({
    share,
    relevance,
    terms: [term('positive', 'evidence')],
  })),
  stabiliser: 0,
  remainder,
});

/**
 * Relative sectional propagation: relevance of either sign goes to the inputs that met it most, by their weight's
 * evidence; twice of it, and once is taken from all alike. At a single place there is nothing to compare, and it is
 * given as it is.
 */
export const sectionalRule: LinearRule = sectional(2, 'even');
export const pointwiseSectionalRule: LinearRule = sectional(1, 'lost');
