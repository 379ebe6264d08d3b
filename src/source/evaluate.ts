import { applyCall, type Calls } from './calls';
import { comprehension, condition, dictionary, list, truth } from './expressions';
import { lastName, literally, namePattern, type PythonFile } from './file';
import { libraryOf, MERGING, OPERATORS, usesKeras } from './keras/names';
import type { Project } from './project';
import { childrenOf, plainString, type Syntax } from './python';
import { choice, type Frame, type Library, type Members, NONE, NOTHING, UNKNOWN, type Value } from './values';

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
      return frame.names.get(node.text) ?? globalOf(calls.project, frame.file, node.text);
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
  if (at.kind !== 'constant') return UNKNOWN;
  const within = (value: Value): Value => {
    if (value.kind === 'choice') return choice(value.of.map(within));
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

function globalOf(project: Project, file: PythonFile, name: string): Value {
  const definition = project.resolve(file, name);
  if (definition)
    return 'methods' in definition ? { kind: 'class', of: definition } : { kind: 'function', of: definition };
  const imported = file.imports.get(name);
  if (!imported) return { kind: 'outside' };
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
  if (value.kind === 'object') return calls.members(value).attributes.get(name) ?? UNKNOWN;
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
