import { type Calls, nameOf } from './calls';
import { evaluate, selfOf } from './evaluate';
import { bindItems, truth } from './expressions';
import { type FunctionDef, lastName } from './file';
import { Log } from './log';
import type { Project } from './project';
import { childrenOf, descendants, lineOf, type Syntax, statementsOf } from './python';
import {
  type Arguments,
  choice,
  type Frame,
  fill,
  type Instance,
  type Item,
  itemsOf,
  type Members,
  mergeItems,
  mergeValues,
  NONE,
  type Place,
  repeatItems,
  UNKNOWN,
  type Value,
} from './values';

interface State {
  readonly names: Map<string, Value>;
  readonly attributes?: Map<string, Value>;
  readonly named?: Members['named'];
  readonly items?: Item[];
  readonly log: readonly Item[];
}

const MAX_DEPTH = 25;
const MAX_STATEMENTS = 50_000;

/** Thrown and caught here: this code is too large to follow. */
export class TooMuch extends Error {}

/**
 * Follows constructors without running them: which modules they make, in which containers, on which lines. What depends on
 * values it cannot know stays a choice. Nothing is evaluated, so it is safe on code that nobody trusts.
 */
export class Builder implements Calls {
  #depth = 0;
  #statements = 0;
  readonly #members = new WeakMap<Instance, Members>();

  readonly log = new Log();

  /** Every instance that the code followed so far makes. */
  readonly instances: Instance[] = [];

  constructor(readonly project: Project) {}

  made(instance: Instance): Instance {
    this.instances.push(instance);
    if (this.project.isKeras(instance.of)) {
      this.log.note({ kind: 'one', value: instance });
      this.members(instance);
      // Layers that are made when the instance is called are made nobody knows when.
      if (this.project.makesLate(instance.of)) this.log.note({ kind: 'any' });
    }
    return instance;
  }

  /** What an instance holds after its constructor. */
  members(instance: Instance): Members {
    const known = this.#members.get(instance);
    if (known) return known;
    const members: Members = { of: instance.of, attributes: new Map(), named: [], items: [] };
    this.#members.set(instance, members);
    const made = this.project.method(instance.of, '__init__');
    if (made) this.call(made, instance.args, members);
    else if (this.project.isContainer(instance.of)) fill(members, instance.args);
    return members;
  }

  /** Runs a function's body; its returned value. */
  call(definition: FunctionDef, args: Arguments, self?: Members, outer?: Frame): Value {
    if (this.#depth >= MAX_DEPTH) {
      this.log.note({ kind: 'any' });
      return UNKNOWN;
    }
    const owner = definition.owner === undefined ? undefined : definition.file.classes.get(definition.owner);
    const frame: Frame = {
      ...(outer?.self && { self: outer.self }),
      ...(outer?.owner && { owner: outer.owner }),
      ...(owner && { owner }),
      file: definition.file,
      names: new Map(outer?.names),
      returns: [],
    };
    const parameters = statementsOf(definition.node.childForFieldName('parameters'));
    const first = self && parameters[0]?.type === 'identifier' ? parameters.shift()?.text : undefined;
    const within: Frame = self && first !== undefined ? { ...frame, self: { name: first, members: self } } : frame;
    this.#bind(parameters, args, within);
    const body = definition.node.childForFieldName('body');
    this.#depth += 1;
    try {
      if (body && definition.node.type === 'lambda') return this.evaluate(body, within);
      this.run(statementsOf(body), within);
    } finally {
      this.#depth -= 1;
    }
    return within.returns.length > 0 ? choice(within.returns) : NONE;
  }

  #bind(parameters: readonly Syntax[], args: Arguments, frame: Frame): void {
    let position = 0;
    const taken = new Set<string>();
    for (const parameter of parameters) {
      if (parameter.type === 'list_splat_pattern') {
        const rest = args.positional.slice(position).map((value): Item => ({ kind: 'one', value }));
        const items: Item[] = args.open ? [...rest, { kind: 'any' }] : rest;
        frame.names.set(parameter.text.slice(1), { kind: 'container', items, at: this.at(parameter, frame) });
        position = args.positional.length;
        continue;
      }
      if (parameter.type === 'dictionary_splat_pattern') {
        const entries = [...args.named].filter(([name]) => !taken.has(name));
        const value: Value = {
          kind: 'mapping',
          entries: entries.map(([name, value]) => ({ name, value })),
          open: args.open,
        };
        frame.names.set(parameter.text.slice(2), value);
        continue;
      }
      const name =
        parameter.childForFieldName('name')?.text ??
        (parameter.type === 'identifier' ? parameter : childrenOf(parameter)[0])?.text;
      if (name === undefined || !/^\w+$/.test(name)) continue;
      const fallback = parameter.childForFieldName('value');
      taken.add(name);
      const given = args.positional[position] ?? args.named.get(name);
      position += 1;
      frame.names.set(name, given ?? (fallback && !args.open ? this.evaluate(fallback, frame) : UNKNOWN));
    }
  }

  at(node: Syntax, frame: Frame): Place {
    return { file: frame.file.path, line: lineOf(node) };
  }

  /** Runs statements; true when they leave the body. */
  run(statements: readonly Syntax[], frame: Frame): boolean {
    for (const statement of statements) if (this.#statement(statement, frame)) return true;
    return false;
  }

  #statement(node: Syntax, frame: Frame): boolean {
    this.#statements += 1;
    if (this.#statements > MAX_STATEMENTS) throw new TooMuch();
    switch (node.type) {
      case 'expression_statement':
        for (const child of childrenOf(node)) this.#expression(child, frame);
        return false;
      case 'return_statement': {
        const [value] = childrenOf(node);
        frame.returns.push(value ? this.evaluate(value, frame) : NONE);
        return true;
      }
      case 'raise_statement':
      case 'continue_statement':
      case 'break_statement':
        return true;
      case 'if_statement':
        return this.#branches(node, frame);
      case 'for_statement':
      case 'while_statement':
        this.#loop(node, frame);
        return false;
      case 'with_statement':
      case 'try_statement':
        return this.run(statementsOf(node.childForFieldName('body')), frame);
      case 'function_definition': {
        const name = node.childForFieldName('name')?.text;
        if (name) frame.names.set(name, { kind: 'function', of: { name, file: frame.file, node }, within: frame });
        return false;
      }
      case 'match_statement':
        this.log.note({ kind: 'any' });
        return false;
      default:
        return false;
    }
  }

  #expression(node: Syntax, frame: Frame): void {
    if (node.type === 'assignment') {
      const [left, right] = [node.childForFieldName('left'), node.childForFieldName('right')];
      if (left && right) this.#assign(left, right, frame);
    } else if (node.type === 'augmented_assignment') {
      const [left, right] = [node.childForFieldName('left'), node.childForFieldName('right')];
      if (!left || !right) return;
      const before = this.evaluate(left, frame);
      const added = this.evaluate(right, frame);
      const isList = before.kind === 'container' && node.childForFieldName('operator')?.text === '+=';
      this.set(left, isList ? { ...before, items: [...before.items, ...itemsOf(added)] } : UNKNOWN, frame);
    } else {
      this.evaluate(node, frame);
    }
  }

  #assign(left: Syntax, right: Syntax, frame: Frame): void {
    const targets = /^(pattern_list|tuple_pattern|list_pattern)$/.test(left.type) ? childrenOf(left) : undefined;
    if (!targets) {
      // a = b = value
      if (right.type === 'assignment') {
        this.#expression(right, frame);
        const inner = right.childForFieldName('left');
        if (inner) this.set(left, this.evaluate(inner, frame), frame);
      } else this.set(left, this.evaluate(right, frame), frame);
      return;
    }
    const value = this.evaluate(right, frame);
    const items = value.kind === 'container' ? value.items : [];
    const [only] = items;
    const values = targets.map((_, index): Value => {
      const item = items.length === 1 && only.kind === 'many' && only.items.length === 1 ? only.items[0] : items[index];
      return item?.kind === 'one' && (items.length === targets.length || item !== items[index] || items.length === 1)
        ? item.value
        : UNKNOWN;
    });
    targets.forEach((target, index) => {
      this.set(target, values[index], frame);
    });
  }

  set(target: Syntax, value: Value, frame: Frame): void {
    if (target.type === 'identifier') frame.names.set(target.text, value);
    if (target.type === 'subscript') this.#setItem(target, value, frame);
    const members = selfOf(target, frame);
    if (members) members.attributes.set(lastName(target), value);
  }

  /** `layers['a'] = …` */
  #setItem(target: Syntax, value: Value, frame: Frame): void {
    const [object, key] = ['value', 'subscript'].map((field) => target.childForFieldName(field));
    if (!object || !key) return;
    const before = this.evaluate(object, frame);
    if (before.kind === 'container') this.set(object, { ...before, items: [{ kind: 'any' }] }, frame);
    if (before.kind !== 'mapping') return;
    const name = nameOf(this, key, frame);
    const others = before.entries.filter((entry) => entry.name !== name);
    this.set(object, { ...before, entries: [...others, { name, value }] }, frame);
  }

  #save(frame: Frame): State {
    const members = frame.self?.members;
    const names = new Map(frame.names);
    const log = this.log.items;
    if (!members) return { names, log };
    const { attributes, named, items } = members;
    return { names, attributes: new Map(attributes), named: [...named], items: [...items], log };
  }

  #restore(frame: Frame, state: State): void {
    frame.names = new Map(state.names);
    this.log.items = state.log;
    const members = frame.self?.members;
    if (!members) return;
    members.attributes = new Map(state.attributes);
    members.named = [...(state.named ?? [])];
    members.items = [...(state.items ?? [])];
  }

  #join(frame: Frame, a: State, b: State, items: typeof mergeItems): void {
    const join = (x: ReadonlyMap<string, Value> = new Map(), y: ReadonlyMap<string, Value> = new Map()) => {
      const values = new Map<string, Value>();
      for (const name of new Set([...x.keys(), ...y.keys()])) {
        const [from, to] = [x.get(name) ?? NONE, y.get(name) ?? NONE];
        const isList = from.kind === 'container' && to.kind === 'container';
        values.set(name, isList ? { ...to, items: items(from.items, to.items) } : mergeValues(from, to));
      }
      return values;
    };
    frame.names = join(a.names, b.names);
    this.log.items = items(a.log, b.log);
    const members = frame.self?.members;
    if (!members) return;
    members.attributes = join(a.attributes, b.attributes);
    members.named = [...new Set([...(a.named ?? []), ...(b.named ?? [])])];
    members.items = [...items(a.items ?? [], b.items ?? [])];
  }

  #branches(node: Syntax, frame: Frame): boolean {
    const others = node.childrenForFieldName('alternative').filter((found): found is Syntax => found !== null);
    const conditions = [node, ...others.filter(({ type }) => type === 'elif_clause')];
    const last = others.find(({ type }) => type === 'else_clause');
    const branch = (index: number): boolean => {
      const clause = conditions[index];
      if (!clause) return last ? this.run(statementsOf(last.childForFieldName('body')), frame) : false;
      const condition = clause.childForFieldName('condition');
      const known = condition ? truth(this.evaluate(condition, frame)) : undefined;
      const body = statementsOf(clause.childForFieldName('consequence'));
      if (known === true) return this.run(body, frame);
      if (known === false) return branch(index + 1);
      const before = this.#save(frame);
      const leftThere = this.run(body, frame);
      const there = this.#save(frame);
      this.#restore(frame, before);
      const leftHere = branch(index + 1);
      // What a branch that leaves has made was made all the same.
      const made = mergeItems(there.log, this.log.items);
      if (!leftThere && !leftHere) this.#join(frame, there, this.#save(frame), mergeItems);
      else if (!leftThere) this.#restore(frame, there);
      this.log.items = made;
      return leftThere && leftHere;
    };
    return branch(0);
  }

  #loop(node: Syntax, frame: Frame): void {
    const body = node.childForFieldName('body');
    if (!body) return;
    const iterable = node.childForFieldName('right');
    const items = iterable ? this.evaluate(iterable, frame) : UNKNOWN;
    const left = node.childForFieldName('left');
    if (left) bindItems(this, left, items, frame);
    // A number that the body changes has no one value in it.
    for (const change of descendants(body, 'assignment', 'augmented_assignment')) {
      const target = change.childForFieldName('left');
      for (const name of target ? [target, ...descendants(target, 'identifier', 'attribute')] : []) {
        if (name.type !== 'identifier' && name.type !== 'attribute') continue;
        if (this.evaluate(name, frame).kind === 'constant') this.set(name, UNKNOWN, frame);
      }
    }
    const before = this.#save(frame);
    this.run(statementsOf(body), frame);
    const after = this.#save(frame);
    for (const name of after.names.keys())
      if (!before.names.has(name)) before.names.set(name, after.names.get(name) ?? UNKNOWN);
    for (const [name, value] of after.attributes ?? [])
      if (!before.attributes?.has(name)) before.attributes?.set(name, value);
    this.#join(frame, before, after, repeatItems);
  }

  /** What an expression is. */
  evaluate(node: Syntax, frame: Frame): Value {
    return evaluate(this, node, frame);
  }
}
