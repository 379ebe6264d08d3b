import { elementCount } from '../../graph/tensor';
import { matchItems } from '../sequence';
import {
  type Arguments,
  type Instance,
  type Item,
  isNone,
  type Layer,
  type Place,
  UNKNOWN,
  type Value,
} from '../values';
import { kerasClass, kerasLayer } from './layers';
import { defaultName } from './names';
import type { Scope } from './scopes';

/** What the code makes that has a name in the model. */
export type Made = Layer | Instance;

const isMade = (value: Value): value is Made => value.kind === 'layer' || value.kind === 'object';

/** Models inside of models. */
const MODELS: ReadonlySet<string> = new Set(['Model', 'Sequential', 'Functional']);

const className = (made: Made): string => (made.kind === 'object' ? made.of.name : kerasClass(made.type));

/** Layers lie in it that the code makes. */
export const isContainer = (made: Made): boolean => made.kind === 'object' || MODELS.has(made.type);

/** The name that it was given; undefined for none. */
function givenName(made: Made): Value | undefined {
  const { named, open, positional }: Arguments = made.args;
  const given = named.get('name');
  if (made.kind === 'object' && /super\([^)]*\)\.__init__\([^)]*\bname\s*=/.test(made.of.node.text)) return UNKNOWN;
  if (given) return isNone(given) ? undefined : given;
  return open || (made.kind === 'object' && positional.length > 0 && /\bname\b/.test(made.of.node.text))
    ? UNKNOWN
    : undefined;
}

/** How a layer is told from others of its class: by the number that Keras adds. */
const numbered = (part: string): readonly [base: string, number: number] => {
  const found = /^(.+)_(\d+)$/.exec(part);
  return found ? [found[1], Number(found[2])] : [part, 0];
};

function* every(items: readonly Item[]): Generator<Value> {
  for (const item of items) {
    if (item.kind === 'one') yield item.value;
    else if (item.kind === 'many') yield* every(item.items);
    else if (item.kind === 'either') for (const option of item.options) yield* every(option);
  }
}

/** Those of a list that are numbered under a base name, in their order; what may be is there or not. */
function ofBase(items: readonly Item[], base: string): Item[] {
  return items.flatMap((item): Item[] => {
    if (item.kind === 'any') return [item];
    if (item.kind === 'one') {
      if (!isMade(item.value) || defaultName(className(item.value)) !== base) return [];
      const name = givenName(item.value);
      if (name && name.kind !== 'unknown') return [];
      return name ? [{ kind: 'either', options: [[item], []] }] : [item];
    }
    if (item.kind === 'many') {
      const inner = ofBase(item.items, base);
      return inner.length > 0 ? [{ kind: 'many', items: inner }] : [];
    }
    const options = item.options.map((option) => ofBase(option, base));
    return options.some(({ length }) => length > 0) ? [{ kind: 'either', options }] : [];
  });
}

/** A number may begin at more than what the code alone makes: other models were made before. */
const OFFSETS = 8;

/** What made the layers of a model, by their names in it. */
export class Makers {
  readonly #values: readonly Made[];
  readonly #bases: ReadonlySet<string>;
  readonly #numbered = new Map<string, ReadonlyMap<number, ReadonlySet<Made>>>();
  readonly #scopes = new Map<string, Scope[]>();

  /** @param nameOf the layer's name in a part of a scope; undefined for what is none */
  constructor(
    private readonly items: readonly Item[],
    scopes: readonly Scope[],
    private readonly nameOf: (part: string) => string | undefined,
  ) {
    this.#values = [...every(items)].filter(isMade);
    this.#bases = new Set(this.#values.map((made) => defaultName(className(made))));
    for (const scope of scopes) {
      for (const name of this.walk(scope.parts)) this.#scopes.set(name, [...(this.#scopes.get(name) ?? []), scope]);
    }
  }

  /** Names of the layers in a scope, outermost first, down to the first that is a library's. */
  walk(parts: readonly string[]): string[] {
    const names: string[] = [];
    for (const part of parts) {
      const name = this.nameOf(part);
      if (name === undefined) break;
      const possible = this.#possible(name);
      if (possible.length === 0) break;
      names.push(name);
      if (!possible.some(isContainer)) break;
    }
    return names;
  }

  /** Whatever may have made the layer of a name, without regard to the others. */
  #possible(name: string): readonly Made[] {
    const [base] = numbered(name);
    return this.#values.filter((made) => {
      const given = givenName(made);
      if (given?.kind === 'constant') return given.value === name;
      if (given?.kind === 'text') return given.pattern.test(name);
      return given !== undefined || [base, name].includes(defaultName(className(made)));
    });
  }

  /** What may have made the layer of a name: those that fit its nodes, and its number among others of the class. */
  of(name: string): readonly Made[] {
    const [base, number] = numbered(name);
    const given = this.#possible(name).filter((made) => {
      const { kind } = givenName(made) ?? {};
      return kind === 'constant' || kind === 'text';
    });
    const byName = given.filter((made) => this.#fits(made, name));
    // A name that is written out is that layer's alone.
    const exact = byName.filter((made) => givenName(made)?.kind === 'constant');
    if (exact.length > 0) return exact;
    const byNumber = this.#bases.has(base) ? [...(this.#numbers(base).get(number) ?? [])] : [];
    const open = this.#possible(name).filter((made) => givenName(made)?.kind === 'unknown' && this.#fits(made, name));
    return [...new Set([...byName, ...byNumber, ...open])];
  }

  #numbers(base: string): ReadonlyMap<number, ReadonlySet<Made>> {
    const known = this.#numbered.get(base);
    if (known) return known;
    const found = new Map<number, Set<Made>>();
    this.#numbered.set(base, found);
    const named = new Set(
      this.#values.flatMap((made) => {
        const given = givenName(made);
        return given?.kind === 'constant' && typeof given.value === 'string' ? [given.value] : [];
      }),
    );
    const numbers = [...this.#scopes.keys()].flatMap((name) => {
      const [other, number] = numbered(name);
      return other === base && !named.has(name) ? [number] : [];
    });
    const items = ofBase(this.items, base);
    const least = Math.min(...numbers);
    for (let offset = Math.max(0, least - OFFSETS); offset <= least; offset += 1) {
      const at = (position: number): string => (position + offset === 0 ? base : `${base}_${position + offset}`);
      const placed = matchItems(
        items,
        new Set(numbers.map((number) => number - offset)),
        (value, position) => !isMade(value) || this.#fits(value, at(position)),
        mayVanish,
        true,
      );
      for (const [position, values] of placed ?? []) {
        const makers = found.get(position + offset) ?? new Set();
        // Something unknown may be anything: then nothing is certain.
        for (const value of values) makers.add(isMade(value) ? value : NOBODY);
        found.set(position + offset, makers);
      }
    }
    return found;
  }

  /** Whether the nodes of a name can be what the layer becomes. */
  #fits(made: Made, name: string): boolean {
    const nodes = this.#scopes.get(name) ?? [];
    if (made.kind === 'object') return true;
    const layer = kerasLayer(kerasClass(made.type));
    if (!layer || isContainer(made)) return true;
    const telling = nodes.filter(({ node }) => !BESIDES.has(node.op));
    if (telling.length > 0 && !telling.some(({ node }) => layer.ops.has(node.op))) return false;
    return nodes.every((scope) => sizesFit(made, scope));
  }
}

/** Stands for what is not known. */
const NOBODY: Made = {
  kind: 'layer',
  type: '?',
  library: 'other',
  args: { positional: [], named: new Map(), open: true },
  at: { file: '', line: 0 },
};

export const placeOf = (made: Made): Place | undefined => (made === NOBODY ? undefined : made.at);

function mayVanish(value: Value): boolean {
  return !(value.kind === 'layer' && kerasLayer(kerasClass(value.type))?.always);
}

/** Numbers that the code writes must be those of the weights: filters and sizes of kernels, units. */
function sizesFit({ type, args }: Layer, { node, weight }: Scope): boolean {
  if (!weight) return true;
  const number = (name: string, position: number): number | undefined => {
    const value = args.named.get(name) ?? args.positional[position];
    return value?.kind === 'constant' && typeof value.value === 'number' ? value.value : undefined;
  };
  const { shape } = weight;
  if (/^Conv\dD$/.test(kerasClass(type)) && node.op === 'Conv') {
    const [filters, kernel] = [number('filters', 0), number('kernel_size', 1)];
    if (filters !== undefined && shape[0] !== filters) return false;
    return kernel === undefined || elementCount(shape.slice(2)) === kernel ** (shape.length - 2);
  }
  const units = type === 'Dense' ? number('units', 0) : undefined;
  return units === undefined || shape.includes(units);
}

/** Operators that stand beside any layer. */
const BESIDES: ReadonlySet<string> = new Set([
  'Cast',
  'Concat',
  'Constant',
  'Gather',
  'Identity',
  'Pad',
  'Reshape',
  'Shape',
  'Slice',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);
