import { type FunctionDef, lastName, namePattern } from './file';
import type { Log } from './log';
import type { Project } from './project';
import { childrenOf, type Syntax } from './python';
import {
  type Arguments,
  choice,
  type Entry,
  type Frame,
  fill,
  type Instance,
  type Item,
  type Layer,
  type Members,
  type Place,
  UNKNOWN,
  type Value,
} from './values';

/** What a call needs of who follows the code. */
export interface Calls {
  readonly project: Project;
  evaluate(node: Syntax, frame: Frame): Value;
  set(target: Syntax, value: Value, frame: Frame): void;
  at(node: Syntax, frame: Frame): Place;
  /** `outer`: the running function that it is written in. */
  call(definition: FunctionDef, args: Arguments, self?: Members, outer?: Frame): Value;
  members(instance: Instance): Members;
  /** What is made, in its order. */
  readonly log: Log;
  /** Is told of every instance that the code makes. */
  made(instance: Instance): Instance;
}

type Type = Extract<Value, { kind: 'type' }>;

const READY_MADE = /^(ResNet|VGG|EfficientNet|MobileNet|DenseNet|Inception|Xception|NASNet|ConvNeXt)/;
const CONTAINERS: ReadonlySet<string> = new Set(['Sequential', 'ModuleList']);
const MAPPINGS: ReadonlySet<string> = new Set(['ModuleDict', 'OrderedDict', 'dict']);
/** Not modules, whatever they hold. */
const NO_MODULES: ReadonlySet<string> = new Set(['Parameter', 'Tensor', 'UninitializedParameter', 'Buffer']);
/** Methods of a module that return it. */
const RETURN_SELF: ReadonlySet<string> = new Set([
  'apply',
  'cpu',
  'cuda',
  'double',
  'eval',
  'float',
  'half',
  'requires_grad_',
  'to',
  'train',
]);

/** What a call gives, and what it does to lists and modules. */
export function applyCall(calls: Calls, node: Syntax, frame: Frame): Value {
  const callee = node.childForFieldName('function');
  if (!callee) return UNKNOWN;
  const list = node.childForFieldName('arguments');
  const given = list ? (list.type === 'argument_list' ? childrenOf(list) : [list]) : [];
  const at = calls.at(node, frame);
  if (callee.type === 'attribute') {
    const done = callMethod(calls, callee, given, frame);
    if (done) return done;
  }
  const args = argumentsOf(calls, given, frame);
  const called = frame.names.get(callee.text);
  if (callee.type === 'identifier' && !called) {
    if (callee.text === 'setattr' && given.length === 3 && given[0].text === frame.self?.name) {
      name(frame.self.members, nameOf(calls, given[1], frame), args.positional[2]);
      return UNKNOWN;
    }
    if (callee.text === 'getattr' && given.length >= 2) {
      const key = args.positional[1];
      const held = given[0].text === frame.self?.name && key?.kind === 'constant' ? frame.self.members : undefined;
      return held?.attributes.get(`${key.kind === 'constant' ? key.value : ''}`) ?? UNKNOWN;
    }
    if (callee.text === 'list' || callee.text === 'tuple') {
      if (args.positional.length === 0) return { kind: 'container', items: [], at };
      return args.positional[0];
    }
  }
  if (lastName(callee) === 'partial') {
    const [function_, ...rest] = args.positional;
    return function_ ? { kind: 'partial', callee: function_, args: { ...args, positional: rest } } : UNKNOWN;
  }
  return apply(calls, calls.evaluate(callee, frame), args, at);
}

/** Arguments as they are written, `*` and `**` spread where what they hold is known. */
function argumentsOf(calls: Calls, given: readonly Syntax[], frame: Frame): Arguments {
  const positional: Value[] = [];
  const named = new Map<string, Value>();
  let open = false;
  for (const node of given) {
    if (node.type === 'keyword_argument') {
      const [name, value] = [node.childForFieldName('name'), node.childForFieldName('value')];
      if (name && value) named.set(name.text, calls.evaluate(value, frame));
    } else if (node.type === 'list_splat') {
      const items = calls.evaluate(childrenOf(node)[0], frame);
      // Kept whole: what a container is made of is read off its items.
      if (items.kind === 'container' && items.items.every(({ kind }) => kind === 'one'))
        for (const item of items.items) positional.push(item.kind === 'one' ? item.value : UNKNOWN);
      else if (items.kind === 'container' && given.length === 1) positional.push(items);
      else open = true;
    } else if (node.type === 'dictionary_splat') {
      const mapping = calls.evaluate(childrenOf(node)[0], frame);
      if (mapping.kind === 'mapping') {
        for (const { name, value } of mapping.entries) if (typeof name === 'string') named.set(name, value);
        open ||= mapping.open;
      } else open = true;
    } else positional.push(calls.evaluate(node, frame));
  }
  return { positional, named, open };
}

/** The name that an expression gives to a part of a model, as far as it can be read. */
export function nameOf(calls: Calls, key: Syntax, frame: Frame): string | RegExp {
  const value = calls.evaluate(key, frame);
  if (value.kind === 'text') return value.pattern;
  if (value.kind === 'constant' && value.value !== null) return String(value.value);
  return namePattern(key) ?? /^/;
}

/** Calling a value. */
function apply(calls: Calls, callee: Value, args: Arguments, at: Place): Value {
  switch (callee.kind) {
    case 'type':
      return construct(calls, callee, args, at);
    case 'class':
      return calls.made({ kind: 'object', of: callee.of, args, at });
    case 'function':
      return placed(calls.call(callee.of, args, callee.self, callee.within), at);
    case 'partial':
      return apply(calls, callee.callee, join(callee.args, args), at);
    case 'choice': {
      const callable = callee.of.filter(({ kind }) => kind !== 'constant');
      return callable.length > 4
        ? { kind: 'made', args, at }
        : choice(callable.map((one) => apply(calls, one, args, at)));
    }
    case 'unknown':
      return { kind: 'made', args, at };
    case 'outside': {
      // `weight_norm(nn.Conv2d(…))`, `copy.deepcopy(block)`: what wraps a module is the module.
      const [first] = args.positional;
      if (first && /^(object|layer|made)$/.test(first.kind)) return first;
      return { kind: 'outside', at };
    }
    case 'object': {
      const method = calls.project.method(callee.of, '__call__');
      return method ? placed(calls.call(method, args, calls.members(callee)), at) : UNKNOWN;
    }
    default:
      return UNKNOWN;
  }
}

const join = (a: Arguments, b: Arguments): Arguments => ({
  positional: [...a.positional, ...b.positional],
  named: new Map([...a.named, ...b.named]),
  open: a.open || b.open,
});

function construct(calls: Calls, { name, library }: Type, args: Arguments, at: Place): Value {
  if (NO_MODULES.has(name)) return UNKNOWN;
  const layer: Layer = { kind: 'layer', type: name, library, args, at };
  if (library === 'keras') {
    // Models that come ready make layers of their own.
    calls.log.note(READY_MADE.test(name) ? { kind: 'any' } : { kind: 'one', value: layer });
    return layer;
  }
  const [first] = args.positional;
  if (CONTAINERS.has(name)) {
    if (args.positional.length === 1 && first.kind === 'mapping') return { ...first, at };
    if (args.positional.length === 1 && first.kind === 'container') return { ...first, at };
    const items = args.positional.map((value): Item => ({ kind: 'one', value }));
    const whole: Item[] = name === 'ModuleList' && first ? [{ kind: 'any' }] : items;
    return { kind: 'container', items: args.open ? [...whole, { kind: 'any' }] : whole, at };
  }
  if (MAPPINGS.has(name)) {
    if (first?.kind === 'mapping') return { ...first, at };
    const entries: Entry[] = [...args.named].map(([name, value]) => ({ name, value }));
    const pairs = first?.kind === 'container' ? pairsOf(first.items) : { entries: [], open: first !== undefined };
    return { kind: 'mapping', entries: [...entries, ...pairs.entries], open: args.open || pairs.open, at };
  }
  return layer;
}

/** Named modules in a list of pairs, whichever of them are made. */
function pairsOf(items: readonly Item[]): { entries: Entry[]; open: boolean } {
  const entries: Entry[] = [];
  let open = false;
  for (const item of items) {
    if (item.kind === 'one') {
      const [key, value] = item.value.kind === 'container' ? item.value.items : [];
      const known = key?.kind === 'one' && value?.kind === 'one' ? key.value : undefined;
      const name =
        known?.kind === 'text' ? known.pattern : known?.kind === 'constant' ? String(known.value) : undefined;
      if (name !== undefined && value?.kind === 'one') entries.push({ name, value: value.value });
      else open = true;
      continue;
    }
    const inner =
      item.kind === 'either' ? item.options.map(pairsOf) : item.kind === 'many' ? [pairsOf(item.items)] : [];
    entries.push(...inner.flatMap((one) => one.entries));
    open ||= item.kind === 'any' || inner.some((one) => one.open);
  }
  return { entries, open };
}

/** A module that a function made belongs where the function was called; a container's parts where they were listed. */
function placed(value: Value, at: Place): Value {
  if (value.kind === 'layer' || value.kind === 'object' || value.kind === 'made') return { ...value, at };
  if (value.kind === 'outside' && value.at) return { ...value, at };
  if (value.kind === 'choice') return choice(value.of.map((one) => placed(one, at)));
  return value;
}

function name(members: Members, key: string | RegExp, value: Value = UNKNOWN): void {
  if (typeof key === 'string') members.attributes.set(key, value);
  else members.named.push({ name: key, value });
}

/** Methods that change lists and modules, and those of base classes; undefined for any other call. */
function callMethod(calls: Calls, callee: Syntax, given: readonly Syntax[], frame: Frame): Value | undefined {
  const object = callee.childForFieldName('object');
  const method = lastName(callee);
  if (!object) return undefined;
  const isSelf = object.text === frame.self?.name;
  const members = frame.self?.members;
  if (members && frame.owner && object.type === 'call' && object.childForFieldName('function')?.text === 'super') {
    const args = argumentsOf(calls, given, frame);
    const [, ...above] = calls.project.lineage(frame.owner);
    const found = above.map(({ methods }) => methods.get(method)).find(Boolean);
    if (found) return calls.call(found, args, members);
    if (method === '__init__' && calls.project.isContainer(members.of)) fill(members, args);
    return UNKNOWN;
  }
  if (isSelf && members && (method === 'add_module' || method === 'register_module')) {
    if (given.length >= 2) name(members, nameOf(calls, given[0], frame), calls.evaluate(given[1], frame));
    return UNKNOWN;
  }
  if (isSelf && members && method === 'append' && given.length === 1 && !calls.project.method(members.of, method)) {
    members.items.push({ kind: 'one', value: calls.evaluate(given[0], frame) });
    return UNKNOWN;
  }
  if (!/^(append|extend|insert|add_module|update)$/.test(method) && !RETURN_SELF.has(method)) return undefined;
  const value = isSelf ? UNKNOWN : calls.evaluate(object, frame);
  if (RETURN_SELF.has(method)) return /^(object|layer|made|container|mapping)$/.test(value.kind) ? value : undefined;
  if (value.kind !== 'container' && value.kind !== 'mapping') return undefined;
  const args = argumentsOf(calls, given, frame);
  const changed = changedBy(method, value, args, given[0] && nameOf(calls, given[0], frame));
  calls.set(object, changed, frame);
  return UNKNOWN;
}

function changedBy(
  method: string,
  value: Extract<Value, { kind: 'container' | 'mapping' }>,
  args: Arguments,
  name: string | RegExp | undefined,
): Value {
  const [first, second] = args.positional;
  if (method === 'add_module' && name !== undefined && second) {
    const entry: Entry = { name, value: second };
    if (value.kind === 'mapping') return { ...value, entries: [...value.entries, entry] };
    if (value.items.length === 0) return { kind: 'mapping', entries: [entry], open: false, at: value.at };
  }
  if (value.kind === 'mapping') {
    const added = first?.kind === 'mapping' ? first.entries : [];
    return { ...value, entries: [...value.entries, ...added], open: value.open || first?.kind !== 'mapping' };
  }
  const items: readonly Item[] =
    method === 'append' && first
      ? [{ kind: 'one', value: first }]
      : method === 'extend' && first?.kind === 'container'
        ? first.items
        : [{ kind: 'any' }];
  if (method !== 'insert') return { ...value, items: [...value.items, ...items] };
  const place = first?.kind === 'constant' && typeof first.value === 'number' ? first.value : -1;
  const before = value.items.slice(0, place);
  const known = second && place >= 0 && place <= value.items.length && before.every(({ kind }) => kind === 'one');
  // What is inserted may stand before all others.
  return {
    ...value,
    items: known ? value.items.toSpliced(place, 0, { kind: 'one', value: second }) : [{ kind: 'any' }],
  };
}
