import { PrismError } from '../graph/errors';
import { closest } from './closest';

/**
 * Reads class names: a `.json` list, an object from index to name (or name to index; `id2label` of a config.json;
 * `{"0": ["n01440764", "tench"]}` of ImageNet), or text with one name a line. Lines may be numbered (`0: tench`) or
 * carry synset identifiers (`n01440764 tench, Tinca tinca`); both are taken off when every line has them.
 *
 * @returns names by index; an index that the file leaves out is ''
 * @throws PrismError `LABELS_INVALID`
 */
export function parseLabels(text: string, name: string): string[] {
  const content = text.replace(/^\uFEFF/, '');
  if (/\.json$/i.test(name)) return parseJsonLabels(content, name);
  return jsonLabels(content) ?? parseTextLabels(content);
}

function parseTextLabels(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  const numbered = lines.map((line) => /^(\d+)(?:\s*[:,;\t]\s*|\s+)(.+)$/.exec(line));
  const start = Number(numbered[0]?.[1]);
  if ((start === 0 || start === 1) && numbered.every((match, i) => Number(match?.[1]) === start + i)) {
    const names = numbered.map((match) => unquote(match?.[2] ?? ''));
    // '1 euro', '2 euro' are names, not numbered lines.
    if (new Set(names).size === names.length) return names;
  }
  const synsets = lines.map((line) => /^n\d{8}\s+(.+)$/.exec(line));
  return synsets.length > 0 && synsets.every((match) => match) ? synsets.map((match) => match?.[1] ?? '') : lines;
}

const unquote = (text: string): string => text.replace(/^(['"])(.*)\1$/, '$2');

function parseJsonLabels(text: string, name: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new PrismError(
      'LABELS_INVALID',
      `${name} is not JSON (${why}); a list of names is needed`,
      { file: name },
      { cause },
    );
  }
  const labels = labelsOf(value);
  if (labels) return labels;
  throw new PrismError(
    'LABELS_INVALID',
    `${name} holds no class names; a list ["cat", "dog"] or an object {"0": "cat", "1": "dog"} is needed`,
    { file: name },
  );
}

/** The labels of a text that happens to be JSON. */
function jsonLabels(text: string): string[] | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return labelsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Class names out of plain data in any of the shapes that {@link parseLabels} lists; undefined where there are none. */
export function labelsOf(value: unknown): string[] | undefined {
  if (Array.isArray(value)) {
    return value.every((item) => typeof item === 'string' || typeof item === 'number') ? value.map(String) : undefined;
  }
  if (value === null || typeof value !== 'object') return undefined;
  const record = value as Record<string, unknown>;
  for (const key of ['id2label', 'label2id', 'labels', 'names', 'classes']) {
    if (record[key] !== undefined) return labelsOf(record[key]);
  }
  const pairs = Object.entries(record).map(([key, item]): [number, unknown] | undefined => {
    if (/^\d+$/.test(key)) return [Number(key), Array.isArray(item) ? item.at(-1) : item];
    return Number.isInteger(item) ? [item as number, key] : undefined;
  });
  return fromPairs(pairs);
}

/** An index far beyond the number of names is a broken file, not a model with that many classes. */
const SPARSEST = 16;

function fromPairs(pairs: readonly ([number, unknown] | undefined)[]): string[] | undefined {
  const named = pairs.filter((pair) => pair !== undefined && typeof pair[1] === 'string') as [number, string][];
  if (named.length === 0 || named.length !== pairs.length) return undefined;
  const length = Math.max(...named.map(([index]) => index)) + 1;
  if (named.some(([index]) => index < 0) || length > SPARSEST * named.length + SPARSEST) return undefined;
  const labels: string[] = new Array(length).fill('');
  for (const [index, name] of named) labels[index] = name;
  return labels;
}

/**
 * Class names out of a model's metadata value: JSON, Python's notation of a dictionary or list (as Ultralytics writes
 * `names`), or names separated by commas or lines.
 */
export function labelsFromMetadata(text: string): string[] | undefined {
  const parsed = jsonLabels(text);
  if (parsed) return parsed;
  const string = String.raw`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"`;
  const clean = (quoted: string): string => quoted.slice(1, -1).replace(/\\(.)/g, '$1');
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) {
    const pairs = [...trimmed.matchAll(new RegExp(`(\\d+)\\s*:\\s*(${string})`, 'g'))];
    return fromPairs(pairs.map((match) => [Number(match[1]), clean(match[2])]));
  }
  if (trimmed.startsWith('[') || trimmed.startsWith('(')) {
    const items = [...trimmed.matchAll(new RegExp(string, 'g'))].map((match) => clean(match[0]));
    return items.length > 0 ? items : undefined;
  }
  const items = trimmed.split(trimmed.includes('\n') ? /\r?\n/ : ',').map((item) => item.trim());
  return items.length > 1 && items.every(Boolean) ? items : undefined;
}

/** One name for every output: missing and empty names are the index itself. */
export function completeLabels(labels: readonly string[] | undefined, count: number): string[] {
  return Array.from({ length: count }, (_, i) => labels?.[i] || String(i));
}

/** A class that the user chose. */
export interface Target {
  readonly index: number;
  readonly label: string;
}

const LISTED = 8;

/**
 * The class that `INDEX` or `LABEL` names. An integer is an index. A label is compared without case: first whole
 * labels, then one of the names that a label separates by commas, then beginnings; it must be the only one.
 *
 * @param labels one a class
 * @throws PrismError `TARGET_OUT_OF_RANGE`, `TARGET_AMBIGUOUS` (details.candidates), `TARGET_UNKNOWN`
 */
export function resolveTarget(target: string | number, labels: readonly string[]): Target {
  const text = String(target).trim();
  if (/^[+-]?\d+$/.test(text)) {
    const index = Number(text);
    if (index < 0 || index >= labels.length) {
      throw new PrismError(
        'TARGET_OUT_OF_RANGE',
        `target ${text} is out of range: the model has ${labels.length} classes, 0 to ${labels.length - 1}`,
      );
    }
    return { index, label: labels[index] };
  }
  const wanted = fold(text);
  const folded = labels.map(fold);
  const rules: ((label: string) => boolean)[] = [
    (label) => label === wanted,
    (label) => label.split(',').some((name) => name.trim() === wanted),
    (label) => wanted !== '' && label.startsWith(wanted),
  ];
  for (const matches of rules) {
    const found = folded.flatMap((label, index) => (matches(label) ? [{ index, label: labels[index] }] : []));
    if (found.length === 1) return found[0];
    if (found.length > 1) throw ambiguous(text, found);
  }
  const near = closest(text, labels) ?? labels.find((label) => wanted !== '' && fold(label).includes(wanted));
  throw new PrismError(
    'TARGET_UNKNOWN',
    `no class is called '${text}'; ${near ? `did you mean '${near}'?` : `give a label or an index from 0 to ${labels.length - 1}`}`,
  );
}

const fold = (text: string): string =>
  text
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, ' ');

function ambiguous(text: string, candidates: readonly Target[]): PrismError {
  const listed = candidates.slice(0, LISTED).map(({ index, label }) => `${index} ${label}`);
  const more = candidates.length > LISTED ? `, and ${candidates.length - LISTED} more` : '';
  return new PrismError(
    'TARGET_AMBIGUOUS',
    `'${text}' could be ${listed.join(', ')}${more}; give the index or more of the label`,
    { candidates },
  );
}
