import type { ClassDef, FunctionDef, PythonFile } from './file';

/** A line of the training code; lines count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** The line of the training code that made a value of the model. */
export interface Tie extends Place {
  /** `exact`: this line; `enclosing`: the nearest line that is certain, of the module or class around it. */
  readonly certainty: 'exact' | 'enclosing';
  /** The module's path in the model: `layer1.0.conv1`; '' for the model itself. */
  readonly module: string;
}

export interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
  /** There may be more, by `*` or `**` of something unknown. */
  readonly open: boolean;
}

/** An instance of a class of the training code. */
export interface Instance {
  readonly kind: 'object';
  readonly of: ClassDef;
  readonly args: Arguments;
  readonly at: Place;
}

export interface Container {
  readonly kind: 'container';
  readonly items: readonly Item[];
  readonly at: Place;
}

/** Whose a class is. */
export type Library = 'torch' | 'keras' | 'other';

/** An instance of a library's class. */
export interface Layer {
  readonly kind: 'layer';
  readonly type: string;
  readonly library: Library;
  readonly args: Arguments;
  readonly at: Place;
}

/** What is known of a value of the training code without running it. */
export type Value =
  | { readonly kind: 'constant'; readonly value: string | number | boolean | null }
  /** A text that is computed, as `f'block{i}'`. */
  | { readonly kind: 'text'; readonly pattern: RegExp }
  /** A parameter, a computed number, anything. */
  | { readonly kind: 'unknown' }
  /** Something of a library that is not part of the training code; `at`: what a call of it gave there. */
  | { readonly kind: 'outside'; readonly at?: Place }
  /** A class of a library; of one that is known, its name says what it does. */
  | { readonly kind: 'type'; readonly name: string; readonly library: Library }
  | { readonly kind: 'class'; readonly of: ClassDef }
  /** `within`: the running function that it is written in, whose names it sees. */
  | { readonly kind: 'function'; readonly of: FunctionDef; readonly self?: Members; readonly within?: Frame }
  | { readonly kind: 'partial'; readonly callee: Value; readonly args: Arguments }
  | Layer
  | Instance
  /** An instance of a class that is not known here, as `block(…)` makes. */
  | { readonly kind: 'made'; readonly args: Arguments; readonly at: Place }
  | Container
  | { readonly kind: 'mapping'; readonly entries: readonly Entry[]; readonly open: boolean; readonly at?: Place }
  | { readonly kind: 'choice'; readonly of: readonly Value[] };

/** A part of a list: its items in order, as a regular expression over them. */
export type Item =
  | { readonly kind: 'one'; readonly value: Value }
  | { readonly kind: 'many'; readonly items: readonly Item[] }
  | { readonly kind: 'either'; readonly options: readonly (readonly Item[])[] }
  /** Any number of anything. */
  | { readonly kind: 'any' };

export interface Entry {
  readonly name: string | RegExp;
  readonly value: Value;
}

/** What `self` holds while a constructor runs. */
export interface Members {
  readonly of: ClassDef;
  attributes: Map<string, Value>;
  /** Children by names that are computed. */
  named: Entry[];
  /** Children of a class that is a container itself. */
  items: Item[];
}

export const UNKNOWN: Value = { kind: 'unknown' };
export const NONE: Value = { kind: 'constant', value: null };
export const NOTHING: Arguments = { positional: [], named: new Map(), open: false };
export const ANYTHING: Arguments = { positional: [], named: new Map(), open: true };

export const isNone = (value: Value): boolean => value.kind === 'constant' && value.value === null;

/** One of several values, with doubles left out. */
export function choice(values: readonly Value[]): Value {
  const found: Value[] = [];
  for (const value of values.flatMap((value) => (value.kind === 'choice' ? value.of : [value]))) {
    if (!found.some((other) => alike(other, value))) found.push(value);
  }
  return found.length === 1 ? found[0] : { kind: 'choice', of: found };
}

function alike(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.kind === 'constant' && b.kind === 'constant') return a.value === b.value;
  if (a.kind === 'type' && b.kind === 'type') return a.name === b.name;
  if (a.kind === 'class' && b.kind === 'class') return a.of === b.of;
  if (a.kind === 'container' && b.kind === 'container') return sameItems(a.items, b.items);
  if (a.kind === 'outside' && b.kind === 'outside') return a.at?.file === b.at?.file && a.at?.line === b.at?.line;
  return a.kind === 'unknown' && b.kind === 'unknown';
}

const sameItems = (a: readonly Item[], b: readonly Item[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);

const commonStart = (a: readonly Item[], b: readonly Item[]): number => {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
};

/** A list after a branch was taken or not. */
export function mergeItems(a: readonly Item[], b: readonly Item[]): readonly Item[] {
  if (sameItems(a, b)) return a;
  const start = commonStart(a, b);
  return [...a.slice(0, start), { kind: 'either', options: [a.slice(start), b.slice(start)] }];
}

/** A list after a loop whose body made `after` of `before`. */
export function repeatItems(before: readonly Item[], after: readonly Item[]): readonly Item[] {
  if (sameItems(before, after)) return before;
  const start = commonStart(before, after);
  if (start < before.length) return [{ kind: 'either', options: [before, after] }];
  return [...before, { kind: 'many', items: after.slice(start) }];
}

/** A value after a branch. */
export function mergeValues(a: Value, b: Value): Value {
  if (a.kind === 'container' && b.kind === 'container') return { ...a, items: mergeItems(a.items, b.items) };
  if (a.kind === 'mapping' && b.kind === 'mapping' && a !== b)
    return { ...a, entries: [...new Set([...a.entries, ...b.entries])], open: a.open || b.open };
  return choice([a, b]);
}

/** What the names of one running function stand for. */
export interface Frame {
  readonly file: PythonFile;
  names: Map<string, Value>;
  /** What the function's first parameter is, when it is a method. */
  readonly self?: { readonly name: string; readonly members: Members };
  /** The class the method is written in. */
  readonly owner?: ClassDef;
  readonly returns: Value[];
}

/** The items of a list; any number of anything where it is none. */
export const itemsOf = (value: Value): readonly Item[] =>
  value.kind === 'container' ? value.items : [{ kind: 'any' }];

/** Makes a container class hold what its constructor was given: modules one by one, a list, or named ones. */
export function fill(members: Members, { positional, open }: Arguments): void {
  const [first] = positional;
  if (positional.length === 1 && first.kind === 'mapping') members.named.push(...first.entries);
  else if (positional.length === 1 && first.kind === 'container') members.items.push(...first.items);
  else members.items.push(...positional.map((value): Item => ({ kind: 'one', value })));
  if (open) members.items.push({ kind: 'any' });
}
