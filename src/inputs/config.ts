import { Ajv, type ErrorObject } from 'ajv';
import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import schema from '../../media/prism.schema.json';
import { PrismError } from '../graph/errors';
import { closest } from './closest';
import type { Feature } from './features';
import type { Interpolation } from './resample';

export type Task =
  | 'image-classification'
  | 'segmentation'
  | 'detection'
  | 'text-classification'
  | 'token-classification'
  | 'text-generation'
  | 'tabular';
export type Layout = 'NCHW' | 'NHWC' | 'CHW' | 'HWC' | 'NHW' | 'HW';
export type Channels = 'RGB' | 'BGR' | 'grey';
export type Resize = 'stretch' | 'shorter-side' | 'letterbox' | 'none';
export type OutputKind = 'logits' | 'probabilities';

/** `input` of a prism.json as written; media/prism.schema.json says what each field means. */
export interface InputConfig {
  readonly name?: string;
  readonly layout?: Layout;
  readonly channels?: Channels;
  readonly size?: number | readonly number[] | null;
  readonly crop?: number | null;
  readonly resize?: Resize;
  readonly shorterSide?: number | null;
  readonly interpolation?: Interpolation;
  readonly antialias?: boolean;
  readonly pad?: number | readonly number[];
  readonly scale?: number | string;
  readonly mean?: number | readonly number[];
  readonly std?: number | readonly number[];
}

export interface TokenizerConfig {
  readonly file?: string;
  readonly regex?: string;
  readonly lowercase?: boolean;
  readonly digits?: string;
  readonly newline?: string;
  readonly vocabulary?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly unknown?: number;
  readonly pad?: number;
  readonly maxLength?: number;
}

/** A `<model>.prism.json` as written: every field may be missing. */
export interface PrismConfig {
  readonly $schema?: string;
  readonly task?: Task;
  readonly input?: InputConfig;
  readonly labels?: readonly string[] | string;
  readonly output?: { readonly name?: string; readonly kind?: OutputKind };
  readonly tokenizer?: TokenizerConfig;
  readonly features?: readonly (string | Feature)[] | string;
  readonly source?: { readonly root?: string };
}

/** A stretch of a text file; lines and columns count from 1, the end is exclusive. */
export interface TextRange {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface Diagnostic extends TextRange {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  /** What was probably meant, as JSON to stand in the range's place. */
  readonly replacement?: string;
}

export interface ParsedConfig {
  /** Absent when a diagnostic is an error. */
  readonly config: PrismConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Where a field stands, e.g. `['input', 'mean']`; the nearest enclosing field when it is not written. */
  readonly rangeOf: (path: readonly (string | number)[]) => TextRange;
}

const validate = new Ajv({ allErrors: true, allowUnionTypes: true, verbose: true }).compile(schema);

/**
 * Reads the text of a prism.json (JSON; comments and a trailing comma are let pass) and checks it against its schema.
 * Never throws: what is wrong is in the diagnostics, `CONFIG_INVALID` (error) or `CONFIG_UNKNOWN_FIELD` (warning; the
 * field is ignored).
 */
export function parseConfig(text: string): ParsedConfig {
  const source = text.replace(/^\uFEFF/, ' ');
  const positions = positionFinder(source);
  const errors: ParseError[] = [];
  const tree = parseTree(source, errors, { allowTrailingComma: true });
  const rangeOf = (path: readonly (string | number)[]): TextRange => positions(...spanOf(tree, path));
  if (errors.length > 0 || !tree) {
    const diagnostics = (errors.length > 0 ? errors : [undefined]).map((error): Diagnostic => {
      const what = error ? words(printParseErrorCode(error.error)) : 'the file is empty';
      const range = error ? positions(error.offset, error.length) : positions(0, source.length);
      return { severity: 'error', code: 'CONFIG_INVALID', message: `not JSON: ${what}`, ...range };
    });
    return { config: undefined, diagnostics, rangeOf };
  }

  const value: unknown = getNodeValue(tree);
  const diagnostics = validate(value) ? [] : (validate.errors ?? []).map((error) => diagnose(error, tree, positions));
  const invalid = diagnostics.some((diagnostic) => diagnostic.severity === 'error');
  return { config: invalid ? undefined : (value as PrismConfig), diagnostics, rangeOf };
}

/** The error that a configuration's first error diagnostic amounts to; undefined where it has none. */
export function configError(file: string, diagnostics: readonly Diagnostic[]): PrismError | undefined {
  const first = diagnostics.find((diagnostic) => diagnostic.severity === 'error');
  if (!first) return undefined;
  const { code, message, line, column } = first;
  return new PrismError(code, `${file}:${line}:${column}: ${message}`, { file, diagnostics });
}

function diagnose(
  error: ErrorObject,
  tree: Node,
  positions: (offset: number, length: number) => TextRange,
): Diagnostic {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (error.keyword === 'additionalProperties') {
    const field = String(error.params.additionalProperty);
    const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {});
    const property = findNodeAtLocation(tree, segments(tree, [...path, field]))?.parent;
    const key = property?.children?.[0] ?? tree;
    const guess = closest(field, known);
    return {
      severity: 'warning',
      code: 'CONFIG_UNKNOWN_FIELD',
      message: `unknown field '${field}' is ignored; ${guess ? `did you mean '${guess}'?` : `known are ${known.join(', ')}`}`,
      ...(guess !== undefined && { replacement: JSON.stringify(guess) }),
      ...positions(key.offset, key.length),
    };
  }
  const name = path.length === 0 ? 'the file' : path.join('.');
  const meant = error.keyword === 'enum' ? likely(error) : undefined;
  return {
    severity: 'error',
    code: 'CONFIG_INVALID',
    message: `${name} ${complaint(error)}`,
    ...(meant !== undefined && { replacement: JSON.stringify(meant) }),
    ...positions(...spanOf(tree, path)),
  };
}

function complaint(error: ErrorObject): string {
  const { keyword, params, data, schema: rule } = error;
  if (keyword === 'type') return `is ${describe(data)}, but must be ${[params.type].flat().map(article).join(' or ')}`;
  if (keyword === 'enum') {
    const allowed = params.allowedValues as unknown[];
    const guess = likely(error);
    const choice = guess ? `did you mean '${guess}'?` : `use ${allowed.map((item) => `'${item}'`).join(', ')}`;
    return `is ${describe(data)}, which is not known; ${choice}`;
  }
  if (keyword === 'pattern') return `is ${describe(data)}, but must be a number or a fraction such as "1/255"`;
  const bounds: Record<string, string> = {
    minimum: 'at least',
    maximum: 'at most',
    exclusiveMinimum: 'more than',
  };
  if (bounds[keyword]) return `is ${describe(data)}, but must be ${bounds[keyword]} ${rule}`;
  if (keyword === 'minItems' || keyword === 'maxItems') {
    return `has ${(data as unknown[]).length} items, but must have at ${keyword === 'minItems' ? 'least' : 'most'} ${rule}`;
  }
  if (keyword === 'minLength') return 'must not be empty';
  return error.message ?? `does not satisfy '${keyword}'`;
}

/** The allowed value that a text was probably meant to be. */
const likely = ({ data, params }: ErrorObject): string | undefined =>
  typeof data === 'string' ? closest(data, (params.allowedValues as unknown[]).map(String)) : undefined;

const article = (type: unknown): string =>
  type === 'null' ? 'null' : `${/^[aeiou]/.test(`${type}`) ? 'an' : 'a'} ${type}`;

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return 'an array';
  return value !== null && typeof value === 'object' ? 'an object' : String(value);
}

const words = (camel: string): string =>
  camel
    .replace(/([A-Z])/g, ' $1')
    .trim()
    .toLowerCase();

/** JSON pointers name array elements by digits; jsonc-parser wants numbers for them. */
function segments(tree: Node, path: readonly (string | number)[]): (string | number)[] {
  const out: (string | number)[] = [];
  for (const part of path) {
    const inArray = findNodeAtLocation(tree, out)?.type === 'array';
    out.push(inArray ? Number(part) : String(part));
  }
  return out;
}

function spanOf(tree: Node | undefined, path: readonly (string | number)[]): [number, number] {
  if (!tree) return [0, 0];
  const full = segments(tree, path);
  for (let length = full.length; length >= 0; length--) {
    const node = findNodeAtLocation(tree, full.slice(0, length));
    if (node) return [node.offset, node.length];
  }
  return [tree.offset, tree.length];
}

function positionFinder(text: string): (offset: number, length: number) => TextRange {
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\n' || (text[i] === '\r' && text[i + 1] !== '\n')) starts.push(i + 1);
  }
  const locate = (offset: number): [number, number] => {
    const next = starts.findIndex((start) => start > offset);
    const line = next === -1 ? starts.length : next;
    return [line, offset - starts[line - 1] + 1];
  };
  return (offset, length) => {
    const [line, column] = locate(offset);
    const [endLine, endColumn] = locate(offset + length);
    return { line, column, endLine, endColumn };
  };
}
