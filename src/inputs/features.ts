import { PrismError } from '../graph/errors';

/** A column of a table, and how its cells become numbers of the input. */
export interface Feature {
  readonly name: string;
  /** Subtracted from the cell. */
  readonly mean?: number;
  /** Divisor after that. */
  readonly std?: number;
  /** The words that a cell may hold, in the order of their indices; without them it is a number. */
  readonly categories?: readonly string[];
  /** `index`: a word is one number, its place in the list. `one-hot`: a number for each of the words. */
  readonly encoding?: 'index' | 'one-hot';
  /** Stands for an empty cell; without it, that is an error. */
  readonly missing?: number | string;
}

/** How many numbers of the input a feature takes. */
export const widthOf = ({ categories, encoding }: Feature): number =>
  categories && encoding === 'one-hot' ? categories.length : 1;

/** Numbers of the input that features take together. */
export const totalWidth = (features: readonly Feature[]): number =>
  features.reduce((sum, feature) => sum + widthOf(feature), 0);

/**
 * Reads names of columns: a `.json` list of names or features (or an object whose `features` is one), or text with one
 * name a line.
 *
 * @throws PrismError FEATURES_INVALID
 */
export function parseFeatures(text: string, file: string): Feature[] {
  const content = text.replace(/^\uFEFF/, '');
  const invalid = (why: string, cause?: unknown): PrismError =>
    new PrismError('FEATURES_INVALID', `${file} ${why}`, { file }, { cause });
  let found: unknown;
  if (/\.json$/i.test(file)) {
    try {
      found = JSON.parse(content);
    } catch (cause) {
      throw invalid(`is not JSON: ${(cause as Error).message}`, cause);
    }
    if (found !== null && typeof found === 'object' && 'features' in found) found = found.features;
  } else {
    found = content
      .split(/\r\n|\n|\r/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }
  const isFeature = (item: unknown): boolean =>
    typeof item === 'string' ||
    (typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string');
  if (!Array.isArray(found) || found.length === 0 || !found.every(isFeature)) {
    throw invalid('holds no names of columns; a list ["age", "income"] is needed');
  }
  return asFeatures(found as (string | Feature)[]);
}

/** Features as they may be written: a name alone is a column of numbers. */
export const asFeatures = (written: readonly (string | Feature)[]): Feature[] =>
  written.map((item) => (typeof item === 'string' ? { name: item } : item));
