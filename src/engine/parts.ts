import type { FeaturePart, ScalarMap, TokenPart } from '../protocol';
import type { Answer } from './explain';

/** The parts of a text or a row with the relevance of each. */
export interface Parts {
  readonly tokens?: readonly TokenPart[];
  readonly features?: readonly FeaturePart[];
}

/**
 * Gives an attribution's values to the tokens of the text or the features of the row that was explained.
 *
 * @param map the same, summed over channels
 * @returns nothing where the map is not of those: pictures, inner values of other sizes
 */
export function partsOf({ prepared: { text, row }, method, attribution }: Answer, map: ScalarMap): Parts {
  // Methods that hide whole locations give every channel the number of its location.
  const repeated = method.info.family === 'perturbation' ? attribution.map.data.length / map.data.length : 1;
  const data = map.data.map((value) => value / repeated);
  if (text && data.length === text.tokens.length) {
    return {
      tokens: text.tokens.map(({ kind, ...token }, at) => ({
        ...token,
        ...(kind !== 'word' && { kind }),
        relevance: data[at],
      })),
    };
  }
  if (row && data.length === row.features.reduce((sum, { width }) => sum + width, 0)) {
    return {
      features: row.features.map(({ name, value, first, width }) => ({
        name,
        value,
        relevance: data.subarray(first, first + width).reduce((sum, part) => sum + part, 0),
      })),
    };
  }
  return {};
}
