import { typeOf } from '../graph/ir';
import type { FeaturePart, RowParts, ScalarMap, TextParts, TokenPart } from '../protocol';
import type { Answer } from './explain';
import { asShown, channelAxis, mapOfLocations, sumChannels } from './maps';

/** The parts of a text or a row with the relevance of each. */
export interface Parts {
  readonly tokens?: readonly TokenPart[];
  readonly features?: readonly FeaturePart[];
}

/** The attribution as one number a location of what it explains, to be shown. */
export function locationsOf({
  attribution,
  prepared,
  method,
}: Pick<Answer, 'attribution' | 'prepared' | 'method'>): ScalarMap {
  const { map, of } = attribution;
  const { relative } = method.info;
  const shape = typeOf(prepared.specialised.graph, of)?.shape ?? [];
  if (shape.join() !== map.shape.join()) return asShown(mapOfLocations(map), relative);
  return asShown(sumChannels(map, of === prepared.input ? prepared.channels : channelAxis(map.shape)), relative);
}

/** One number a location as what the location contributes. */
export function contributions(
  { method, attribution }: Pick<Answer, 'method' | 'attribution'>,
  map: ScalarMap,
): Float32Array {
  // Methods that hide whole locations give every channel the number of its location.
  const repeated = method.info.family === 'perturbation' ? attribution.map.data.length / map.data.length : 1;
  return map.data.map((value) => value / repeated);
}

/**
 * Gives an attribution's values to the tokens of the text or the features of the row that was explained.
 *
 * @param map the same, summed over channels
 * @returns nothing where the map is not of those: pictures, inner values of other sizes
 */
export function partsOf(answer: Answer, map: ScalarMap): Parts {
  const { text, row } = answer.prepared;
  const data = contributions(answer, map);
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

/** The text or the row that was explained, with the relevance of its parts; nothing where there are none. */
export function wholeParts(
  { prepared: { text, row } }: Pick<Answer, 'prepared'>,
  { tokens, features }: Parts,
): { readonly text?: TextParts; readonly row?: RowParts } {
  if (text && tokens) return { text: { ...text, tokens } };
  return row && features ? { row: { name: row.name, features } } : {};
}
