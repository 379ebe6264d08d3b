import type { Builder } from './construct';
import type { ClassDef } from './file';
import { lastName } from './file';
import { alwaysCalled, timesCalled } from './forward';
import { type ModuleNode, positionOf, withoutNumber } from './modules';
import { descendants } from './python';
import { matchItems } from './sequence';
import { BESIDES, exportedAs } from './torch';
import { type Instance, type Item, isNone, type Place, type Value } from './values';

/** Where a module of the model may have been made. */
export interface Found {
  /** Lines that made it; none when only what it lies in is known. */
  readonly places: Place[];
  /** Classes of the training code that it may be an instance of. */
  readonly classes: ClassDef[];
  /** It may also be something that is not of the training code. */
  foreign: boolean;
  /** Which class it is has been guessed, and nothing below it bears that out. */
  guessed: boolean;
}

/** Lays modules of an exported model upon what constructors of the training code make. */
export class Matcher {
  readonly #fits = new Map<Value, Map<ModuleNode, boolean>>();
  readonly #instances = new Map<Value, readonly Instance[]>();
  readonly #always = new Map<ClassDef, ReadonlySet<string>>();
  readonly #attributes = new Map<ClassDef, ReadonlySet<string>>();
  readonly #asked = new Set<Value>();

  constructor(
    private readonly builder: Builder,
    private readonly numbered: boolean,
  ) {}

  /** Names that a class gives to attributes, by its text and that of the classes above. */
  attributes(of: ClassDef): ReadonlySet<string> {
    let names = this.#attributes.get(of);
    if (!names) {
      const targets = this.builder.project
        .lineage(of)
        .flatMap(({ node }) => descendants(node, 'assignment'))
        .flatMap((assignment) => {
          const left = assignment.childForFieldName('left');
          return left ? [left, ...descendants(left, 'attribute')] : [];
        });
      names = new Set(targets.filter(({ type }) => type === 'attribute').map(lastName));
      this.#attributes.set(of, names);
    }
    return names;
  }

  /** Whether a value can be the module that was exported. */
  fits(value: Value, module: ModuleNode): boolean {
    const known = this.#fits.get(value)?.get(module);
    if (known !== undefined) return known;
    const memo = this.#fits.get(value) ?? new Map<ModuleNode, boolean>();
    this.#fits.set(value, memo);
    // Code that contains itself is followed once.
    memo.set(module, true);
    const result = this.#fitsAnew(value, module);
    memo.set(module, result);
    return result;
  }

  #fitsAnew(value: Value, module: ModuleNode): boolean {
    switch (value.kind) {
      case 'layer':
        return this.#layerFits(value.type, value.library === 'torch', module);
      case 'object':
        return this.#named(value.of, module) && this.#required(value, module) && this.#childrenFit(value, module);
      case 'made':
        return module.children.size === 0 || this.candidates(value, module).length > 0;
      case 'container':
        return (
          (!/^[A-Z]/.test(module.className ?? '') || /Sequential|ModuleList/.test(module.className ?? '')) &&
          this.#containerFits(value.items, module)
        );
      case 'mapping':
        return [...module.children].every(([name, child]) => {
          const found = this.#entries(value.entries, name);
          return found.length === 0 ? value.open : found.some((one) => this.fits(one, child));
        });
      case 'choice': {
        // Beside a class that is named, a class that is not is one of its kind: no single layer.
        const named = value.of.some(({ kind }) => kind === 'object');
        const leaf = module.children.size === 0;
        return value.of.some((one) => !(leaf && named && one.kind === 'made') && this.fits(one, module));
      }
      case 'unknown':
      case 'outside':
        return true;
      default:
        return false;
    }
  }

  #named(of: ClassDef, module: ModuleNode): boolean {
    return !module.className || module.className === of.name;
  }

  #layerFits(type: string, torch: boolean, module: ModuleNode): boolean {
    const exported = torch ? exportedAs(type) : undefined;
    if (module.className && torch && module.className !== type) {
      // A convolution takes the name of the normalisation folded into it.
      return module.ops.includes('Conv') && exported?.ops.has('Conv') === true;
    }
    if (!exported) return true;
    if (module.children.size > 0) return false;
    const telling = module.ops.filter((op) => !BESIDES.has(op));
    return telling.length === 0
      ? module.ops.some((op) => exported.ops.has(op)) || !exported.always
      : telling.some((op) => exported.ops.has(op));
  }

  /** What the class always runs must have left a trace. */
  #required(value: Instance, module: ModuleNode): boolean {
    if (!module.parent) return true;
    return this.#traces(value).every(
      (name) => module.children.has(name) || [...module.children.keys()].some((child) => withoutNumber(child) === name),
    );
  }

  #traces(value: Instance): string[] {
    let always = this.#always.get(value.of);
    if (!always) {
      always = alwaysCalled(this.builder.project, value.of);
      this.#always.set(value.of, always);
    }
    const { attributes } = this.builder.members(value);
    return [...always].filter((name) => {
      const held = attributes.get(name);
      if (!held || !/^(layer|object|container)$/.test(held.kind)) return false;
      return !this.#mayVanish(held);
    });
  }

  readonly #mayVanish = (value: Value): boolean => {
    if (value.kind === 'layer') return !(value.library === 'torch' && exportedAs(value.type)?.always);
    if (value.kind === 'object') {
      if (this.#asked.has(value)) return true;
      // Code that contains itself is asked once.
      this.#asked.add(value);
      const vanishes = this.#traces(value).length === 0;
      this.#asked.delete(value);
      return vanishes;
    }
    if (value.kind === 'container')
      return value.items.every((item) => item.kind !== 'one' || this.#mayVanish(item.value));
    if (value.kind === 'choice') return value.of.some(this.#mayVanish);
    return true;
  };

  #childrenFit(value: Instance, module: ModuleNode): boolean {
    const members = this.builder.members(value);
    if (members.items.length > 0 && !this.#containerFits(members.items, module, false)) return false;
    for (const [name, child] of module.children) {
      if (members.items.length > 0 && positionOf(name, this.numbered) !== undefined) continue;
      const found = this.child(value, name);
      if (!found?.some((one) => this.fits(one, child))) return false;
    }
    return true;
  }

  /** What an instance holds under a name that the exporter wrote; undefined when there is no such attribute. */
  child(value: Instance, name: string): readonly Value[] | undefined {
    const { attributes, named } = this.builder.members(value);
    const held = (key: string): readonly Value[] => {
      const attribute = attributes.get(key);
      return [...(attribute && !isNone(attribute) ? [attribute] : []), ...this.#entries(named, key)];
    };
    const exact = held(name);
    const base = withoutNumber(name);
    // Names that are computed may be those of others.
    const known = attributes.has(name) || named.some((entry) => entry.name === name);
    const whole = known ? exact : [...exact, ...this.#uncalled(value, name)];
    if (!this.numbered || base === name) return whole.length > 0 ? whole : undefined;
    const again = attributes.has(base) ? held(base) : [...held(base), ...this.#uncalled(value, base)];
    if (whole.length === 0) return again.length > 0 ? again : undefined;
    if (exact.length === 0) return whole;
    // `relu_1` may be the attribute of that name or the second call of `relu`.
    return again.length > 0 && timesCalled(this.builder.project, value.of, base) > 1 ? undefined : exact;
  }

  /** A dictionary of modules is not called itself, so its name is not in the path. */
  #uncalled(value: Instance, name: string): readonly Value[] {
    const { attributes } = this.builder.members(value);
    return [...attributes.values()].flatMap((held) =>
      held.kind === 'mapping' ? this.#entries(held.entries, name) : [],
    );
  }

  #entries(entries: readonly { readonly name: string | RegExp; readonly value: Value }[], name: string): Value[] {
    const exact = entries.filter((entry) => entry.name === name);
    const found = exact.length > 0 ? exact : entries.filter(({ name: key }) => key instanceof RegExp && key.test(name));
    return found.map(({ value }) => value);
  }

  #containerFits(items: readonly Item[], module: ModuleNode, only = true): boolean {
    if (only && [...module.children.keys()].some((name) => positionOf(name, this.numbered) === undefined)) return false;
    return this.positions(items, module) !== undefined;
  }

  /** What can stand at each position of a container. */
  positions(items: readonly Item[], module: ModuleNode): ReadonlyMap<number, readonly Value[]> | undefined {
    const seen = new Map<number, ModuleNode[]>();
    for (const [name, child] of module.children) {
      const position = positionOf(name, this.numbered);
      if (position !== undefined) seen.set(position, [...(seen.get(position) ?? []), child]);
    }
    return matchItems(
      items,
      new Set(seen.keys()),
      (value, position) => (seen.get(position) ?? []).every((child) => this.fits(value, child)),
      this.#mayVanish,
    );
  }

  /** Instances that something made by an unknown class may be: those whose parts are the exported ones. */
  candidates(value: Extract<Value, { kind: 'made' }>, module: ModuleNode): readonly Instance[] {
    let instances = this.#instances.get(value);
    const { project } = this.builder;
    if (!instances) {
      const classes = project.files
        .flatMap((file) => [...file.classes.values()])
        .filter((of) => project.isModule(of) && project.reaches(of, value.at.file));
      instances = classes.map((of) => ({ kind: 'object', of, args: value.args, at: value.at }));
      this.#instances.set(value, instances);
    }
    const names = [...module.children.keys()].filter((name) => positionOf(name, this.numbered) === undefined);
    return instances.filter(({ of }, index) => {
      if (names.length < module.children.size && !project.isContainer(of)) return false;
      const attributes = this.attributes(of);
      const plausible =
        this.#named(of, module) && names.every((name) => attributes.has(name) || attributes.has(withoutNumber(name)));
      return plausible && this.fits((instances ?? [])[index], module);
    });
  }

  /** Notes for a module and all below it where it was made. */
  place(value: Value, module: ModuleNode, found: Map<ModuleNode, Found>): void {
    const note = found.get(module) ?? { places: [], classes: [], foreign: false, guessed: false };
    found.set(module, note);
    if (value.kind === 'choice') {
      for (const one of value.of) if (this.fits(one, module)) this.place(one, module, found);
      return;
    }
    if ('at' in value && value.at) add(note.places, value.at);
    if (value.kind !== 'made' && value.kind !== 'object') note.foreign = true;
    if (value.kind === 'made') {
      note.guessed ||= module.children.size === 0;
      for (const instance of this.candidates(value, module)) this.place(instance, module, found);
    } else if (value.kind === 'object') {
      if (!note.classes.includes(value.of)) note.classes.push(value.of);
      const { items } = this.builder.members(value);
      if (items.length > 0) this.#placeItems(items, module, found);
      for (const [name, child] of module.children) {
        if (items.length > 0 && positionOf(name, this.numbered) !== undefined) continue;
        const held = this.child(value, name) ?? [];
        const fitting = held.filter((one) => this.fits(one, child));
        // A part that was edited: its line is known, what is in it is not.
        for (const one of fitting.length > 0 ? fitting : held.length === 1 && sameKind(held[0], child) ? held : [])
          this.place(one, child, found);
      }
    } else if (value.kind === 'container') this.#placeItems(value.items, module, found);
    else if (value.kind === 'mapping') {
      for (const [name, child] of module.children)
        for (const one of this.#entries(value.entries, name)) if (this.fits(one, child)) this.place(one, child, found);
    }
  }

  #placeItems(items: readonly Item[], module: ModuleNode, found: Map<ModuleNode, Found>): void {
    const positions = this.positions(items, module);
    for (const [name, child] of module.children) {
      const position = positionOf(name, this.numbered);
      if (position === undefined) continue;
      for (const value of positions?.get(position) ?? []) this.place(value, child, found);
    }
  }
}

/** What has parts in the model can only be what has parts in the code. */
const sameKind = (value: Value, module: ModuleNode): boolean =>
  module.children.size > 0 && /^(object|container|mapping|made|choice)$/.test(value.kind);

function add(places: Place[], at: Place): void {
  if (!places.some(({ file, line }) => file === at.file && line === at.line)) places.push(at);
}
