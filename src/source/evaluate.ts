import { applyCall, type Calls } from './calls';
import { comprehension, condition, dictionary, dictionaryOfAll, list, truth } from './expressions';
import { lastName, literally, namePattern, type PythonFile } from './file';
import { libraryOf, MERGING, OPERATORS, usesKeras } from './keras/names';
import { childrenOf, descendants, plainString, type Syntax, statementsOf } from './python';
import { choice, type Frame, type Library, type Members, NONE, NOTHING, UNKNOWN, type Value } from './values';

/** Entries of a table that a choice is made of. */
const MOST_OFFERED = 12;

/** What `self` holds, where the target is an attribute of it. */
export function selfOf(target: Syntax, frame: Frame): Members | undefined {
  if (target.type !== 'attribute' || !frame.self) return undefined;
  return target.childForFieldName('object')?.text === frame.self.name ? frame.self.members : undefined;
}

/** What an expression is. */
export function evaluate(calls: Calls, node: Syntax, frame: Frame): Value {
  switch (node.type) {
    case 'none':
      return NONE;
    case 'true':
    case 'false':
      return { kind: 'constant', value: node.type === 'true' };
    case 'integer':
    case 'float':
      return { kind: 'constant', value: Number(node.text.replaceAll('_', '')) };
    case 'string': {
      const value = plainString(node);
      return value === undefined ? formatted(calls, node, frame) : { kind: 'constant', value };
    }
    case 'identifier':
      return frame.names.get(node.text) ?? globalOf(calls, frame.file, node.text);
    case 'attribute':
      return attributeOf(calls, node, frame);
    case 'call':
      return applyCall(calls, node, frame);
    case 'parenthesized_expression':
    case 'await':
      return calls.evaluate(childrenOf(node)[0] ?? node, frame);
    case 'conditional_expression': {
      const [then, condition, otherwise] = childrenOf(node);
      const known = truth(calls.evaluate(condition, frame));
      if (known !== undefined) return calls.evaluate(known ? then : otherwise, frame);
      const [a, b] = [then, otherwise].map((one) => calls.log.maybe(() => calls.evaluate(one, frame)));
      return choice([a, b]);
    }
    case 'boolean_operator':
    case 'not_operator':
    case 'comparison_operator':
      return condition(calls, node, frame);
    case 'list':
    case 'tuple':
    case 'set':
    case 'expression_list':
      return list(calls, node, frame);
    case 'list_comprehension':
    case 'generator_expression':
      return comprehension(calls, node, frame);
    case 'dictionary_comprehension':
      return dictionaryOfAll(calls, node, frame);
    case 'lambda':
      return { kind: 'function', of: { name: '<lambda>', file: frame.file, node }, within: frame };
    case 'dictionary':
      return dictionary(calls, node, frame);
    case 'binary_operator': {
      const [left, right] = ['left', 'right'].map((side) => node.childForFieldName(side));
      const [a, b] = [left, right].map((side) => (side ? calls.evaluate(side, frame) : UNKNOWN));
      const operator = node.childForFieldName('operator')?.text;
      if (operator === '+' && a.kind === 'container' && b.kind === 'container')
        return { ...a, items: [...a.items, ...b.items] };
      if (operator === '*' && a.kind === 'container') return { ...a, items: [{ kind: 'many', items: a.items }] };
      noteOperator(calls, node, operator, [a, b], frame);
      return (operator === '+' && joined(a, b)) || textOf(node);
    }
    case 'subscript':
      return itemOf(calls, node, frame);
    case 'named_expression': {
      const [name, value] = [node.childForFieldName('name'), node.childForFieldName('value')];
      const made = value ? calls.evaluate(value, frame) : UNKNOWN;
      if (name) calls.set(name, made, frame);
      return made;
    }
    default:
      return UNKNOWN;
  }
}

/** `blocks[0]`, `layers['a']`, where the place is written out. */
function itemOf(calls: Calls, node: Syntax, frame: Frame): Value {
  const [object, key] = ['value', 'subscript'].map((field) => node.childForFieldName(field));
  if (!object || !key) return UNKNOWN;
  const at = calls.evaluate(key, frame);
  const within = (value: Value): Value => {
    if (value.kind === 'choice') return choice(value.of.map(within));
    if (at.kind !== 'constant') {
      // One of what a table offers, whichever is asked for.
      const all = value.kind === 'mapping' && !value.open ? value.entries : [];
      return all.length > 0 && all.length <= MOST_OFFERED ? choice(all.map((entry) => entry.value)) : UNKNOWN;
    }
    if (value.kind === 'mapping') {
      const found = value.entries.filter(({ name }) => name === at.value);
      return found.length === 1 ? found[0].value : UNKNOWN;
    }
    if (value.kind !== 'container' || typeof at.value !== 'number') return UNKNOWN;
    const before = value.items.slice(0, at.value + 1);
    const item = before[at.value];
    return item?.kind === 'one' && before.every(({ kind }) => kind === 'one') ? item.value : UNKNOWN;
  };
  return within(calls.evaluate(object, frame));
}

/** Tables, names and functions that a file keeps at its top: what makes nothing when the file is read. */
const KEPT = /^(dictionary|list|tuple|attribute|identifier|lambda)$/;
const CHANGED = /(\w+)\s*(?:\[[^\]\n]*\]\s*=[^=]|\+=|\.(?:update|append|extend|insert|setdefault|pop|register)\b)/g;

interface Kept {
  /** By name; null where the file assigns it more than once. */
  readonly values: ReadonlyMap<string, Syntax | null>;
  /** Names that are added to somewhere in the file. */
  readonly changed: ReadonlySet<string>;
}

const keptByFile = new WeakMap<PythonFile, Kept>();

function keptOf(file: PythonFile): Kept {
  const known = keptByFile.get(file);
  if (known) return known;
  const values = new Map<string, Syntax | null>();
  for (const statement of statementsOf(file.tree.rootNode)) {
    const [assignment] = statement.type === 'expression_statement' ? childrenOf(statement) : [];
    const name = assignment?.type === 'assignment' ? assignment.childForFieldName('left')?.text : undefined;
    if (name !== undefined) values.set(name, values.has(name) ? null : assignment.childForFieldName('right'));
  }
  const changed = new Set([...file.text.matchAll(CHANGED)].map(([, name]) => name));
  const kept = { values, changed };
  keptByFile.set(file, kept);
  return kept;
}

/** What a file assigns at its top, where it does so once. */
function assignedOf(calls: Calls, file: PythonFile, name: string): Value | undefined {
  const { values, changed } = keptOf(file);
  const value = values.get(name);
  if (!value || !KEPT.test(value.type) || value.text === name) return undefined;
  if (value.type !== 'lambda' && descendants(value, 'call').length > 0) return undefined;
  return changed.has(name) ? UNKNOWN : calls.evaluate(value, { file, names: new Map(), returns: [] });
}

function globalOf(calls: Calls, file: PythonFile, name: string): Value {
  const definition = calls.project.resolve(file, name);
  if (definition)
    return 'methods' in definition ? { kind: 'class', of: definition } : { kind: 'function', of: definition };
  const imported = file.imports.get(name);
  if (!imported) return assignedOf(calls, file, name) ?? { kind: 'outside' };
  const what = imported.name ?? '';
  const library = libraryOf(imported.module);
  return typeNamed(imported.module, what, library) ?? { kind: 'outside' };
}

function attributeOf(calls: Calls, node: Syntax, frame: Frame): Value {
  const object = node.childForFieldName('object');
  const name = lastName(node);
  const members = selfOf(node, frame);
  if (members) {
    const method = calls.project.method(members.of, name);
    return members.attributes.get(name) ?? (method ? { kind: 'function', of: method, self: members } : UNKNOWN);
  }
  if (!object) return UNKNOWN;
  const root = /^\w+/.exec(object.text)?.[0] ?? '';
  const imported = frame.names.has(root) ? undefined : frame.file.imports.get(root);
  if (imported) {
    const library = libraryOf(imported.module);
    const dotted = [imported.module, imported.name, ...object.text.split('.').slice(1)].filter(Boolean).join('.');
    const definition = library === 'torch' && /\bnn\b/.test(dotted) ? undefined : calls.project.exported(dotted, name);
    if (definition)
      return 'methods' in definition ? { kind: 'class', of: definition } : { kind: 'function', of: definition };
    return typeNamed(dotted, name, library) ?? { kind: 'outside' };
  }
  const value = calls.evaluate(object, frame);
  if (value.kind === 'object') {
    const held = calls.members(value);
    const method = calls.project.method(value.of, name);
    return held.attributes.get(name) ?? (method ? { kind: 'function', of: method, self: held } : UNKNOWN);
  }
  return UNKNOWN;
}

/** What a name of a library's module makes when it is called, where that is an instance of a class. */
function typeNamed(module: string, name: string, library: Library): Value | undefined {
  if (/^[A-Z]/.test(name)) return { kind: 'type', name, library };
  if (library !== 'keras' || !/(^|\.)layers$/.test(module) || !MERGING.has(name)) return undefined;
  return { kind: 'type', name: `${name[0].toUpperCase()}${name.slice(1)}`, library };
}

/** An operator on tensors makes a layer in Keras; on numbers it makes none. */
function noteOperator(
  calls: Calls,
  node: Syntax,
  operator: string | undefined,
  operands: readonly Value[],
  frame: Frame,
): void {
  if (!usesKeras(frame.file) || operands.every(({ kind }) => kind === 'constant')) return;
  if (operands.some(({ kind, ...rest }) => kind === 'text' || ('value' in rest && typeof rest.value === 'string')))
    return;
  const at = calls.at(node.childForFieldName('operator') ?? node, frame);
  for (const type of OPERATORS[operator ?? ''] ?? []) {
    const value: Value = { kind: 'layer', type, library: 'keras', args: NOTHING, at };
    calls.log.note({ kind: 'either', options: [[{ kind: 'one', value }], []] });
  }
}

/** Two texts one after the other, as far as they are known. */
function joined(a: Value, b: Value): Value | undefined {
  const [first, second] = [a, b].map(patternOf);
  if (first === undefined && second === undefined) return undefined;
  if (a.kind === 'constant' && b.kind === 'constant') return { kind: 'constant', value: `${a.value}${b.value}` };
  return { kind: 'text', pattern: new RegExp(`^${first ?? '.*'}${second ?? '.*'}$`) };
}

const patternOf = (value: Value): string | undefined => {
  if (value.kind === 'text') return value.pattern.source.slice(1, -1);
  return value.kind === 'constant' && typeof value.value === 'string' ? literally(value.value) : undefined;
};

/** `f'block{i}_conv'` with what is known of its parts. */
function formatted(calls: Calls, node: Syntax, frame: Frame): Value {
  const parts = childrenOf(node).filter(({ type }) => type === 'interpolation' || type === 'string_content');
  if (!parts.some(({ type }) => type === 'interpolation')) return textOf(node);
  const values = parts.map((part): Value => {
    if (part.type === 'string_content') return { kind: 'constant', value: part.text };
    const only = childrenOf(part);
    const value = only.length === 1 ? calls.evaluate(only[0], frame) : UNKNOWN;
    return value.kind === 'constant' ? { kind: 'constant', value: `${value.value}` } : value;
  });
  if (values.every(({ kind }) => kind === 'constant'))
    return { kind: 'constant', value: values.map((value) => (value.kind === 'constant' ? value.value : '')).join('') };
  const sources = values.map((value) => patternOf(value) ?? '\\w+');
  return { kind: 'text', pattern: new RegExp(`^${sources.join('')}$`) };
}

/** A computed text, where its shape can be read. */
function textOf(node: Syntax): Value {
  const pattern = namePattern(node);
  return pattern instanceof RegExp ? { kind: 'text', pattern } : UNKNOWN;
}
