import { type Calls, nameOf } from './calls';
import { literally } from './file';
import { childrenOf, descendants, plainString, type Syntax } from './python';
import { type Container, choice, type Frame, type Item, isNone, itemsOf, UNKNOWN, type Value } from './values';

/** Whether a condition holds, where that is known. */
export function truth(value: Value): boolean | undefined {
  if (value.kind === 'constant') return Boolean(value.value);
  return undefined;
}

/** What a comparison or a combination of conditions is: true, false, or what it chooses between. */
export function condition(calls: Calls, node: Syntax, frame: Frame): Value {
  const constant = (value: boolean | undefined): Value => (value === undefined ? UNKNOWN : { kind: 'constant', value });
  const short = node.type === 'boolean_operator';
  const parts = childrenOf(node).map((part, index) => {
    const value = (): Value => calls.evaluate(part, frame);
    return short && index > 0 ? calls.log.maybe(value) : value();
  });
  if (node.type === 'not_operator') {
    const known = truth(parts[0]);
    return constant(known === undefined ? undefined : !known);
  }
  const operator = (node.childForFieldName('operator') ?? node.childForFieldName('operators'))?.text ?? '';
  if (node.type === 'boolean_operator') {
    const [a, b] = parts.map(truth);
    if (operator === 'and') return constant(a === false || b === false ? false : a && b ? true : undefined);
    // `given or Default`
    if (a === undefined && parts[1].kind !== 'constant') return choice([parts[0], parts[1]]);
    if (a === false) return parts[1];
    return constant(a === true || b === true ? true : undefined);
  }
  if (parts.length !== 2) return UNKNOWN;
  const [a, b] = parts;
  const negative = operator === '!=' || /not/.test(operator);
  if (isNone(b) && /^(is|==|!=)/.test(operator)) {
    if (a.kind === 'unknown' || a.kind === 'outside' || (a.kind === 'choice' && a.of.some(isNone))) return UNKNOWN;
    return constant(isNone(a) !== negative);
  }
  if (a.kind !== 'constant' || b.kind !== 'constant' || !/^(==|!=|is)/.test(operator)) return UNKNOWN;
  return constant((a.value === b.value) !== negative);
}

/** A list as it is written. */
export function list(calls: Calls, node: Syntax, frame: Frame): Container {
  const items = childrenOf(node).flatMap((child): readonly Item[] => {
    if (child.type !== 'list_splat') return [{ kind: 'one', value: calls.evaluate(child, frame) }];
    return itemsOf(calls.evaluate(childrenOf(child)[0], frame));
  });
  return { kind: 'container', items, at: calls.at(node, frame) };
}

/** Gives the names of a loop what every item may be, as far as that is known. */
export function bindItems(calls: Calls, left: Syntax, items: Value, frame: Frame): void {
  for (const name of [left, ...descendants(left, 'identifier')]) calls.set(name, UNKNOWN, frame);
  const bind = (target: Syntax, values: readonly Value[]): void => {
    if (target.type === 'identifier') calls.set(target, oneOf(values), frame);
    if (!/^(pattern_list|tuple_pattern|list_pattern)$/.test(target.type)) return;
    childrenOf(target).forEach((part, index) => {
      const column = values.map((value) => listed(value)?.[index]);
      if (column.every((value) => value !== undefined)) bind(part, column);
    });
  };
  const all = listed(items);
  if (all && all.length > 0) bind(left, all);
}

/** The items of a list that is written out. */
function listed(value: Value): readonly Value[] | undefined {
  if (value.kind !== 'container') return undefined;
  const values = value.items.flatMap((item) => (item.kind === 'one' ? [item.value] : []));
  return values.length === value.items.length ? values : undefined;
}

/** Names by their common pattern, what can be called as a choice; nothing is said of others. */
function oneOf(values: readonly Value[]): Value {
  const texts = values.flatMap((value) =>
    value.kind === 'constant' && typeof value.value === 'string' ? [literally(value.value)] : [],
  );
  if (texts.length === values.length) return { kind: 'text', pattern: new RegExp(`^(?:${texts.join('|')})$`) };
  return values.every(({ kind }) => /^(type|class|function|partial)$/.test(kind)) ? choice(values) : UNKNOWN;
}

function bindClauses(calls: Calls, node: Syntax, frame: Frame): void {
  for (const clause of childrenOf(node).filter(({ type }) => type === 'for_in_clause')) {
    const [left, right] = [clause.childForFieldName('left'), clause.childForFieldName('right')];
    if (left) bindItems(calls, left, right ? calls.evaluate(right, frame) : UNKNOWN, frame);
  }
}

/** A dictionary of any size, each item as the body says. */
export function dictionaryOfAll(calls: Calls, node: Syntax, frame: Frame): Value {
  const inner: Frame = { ...frame, names: new Map(frame.names) };
  bindClauses(calls, node, inner);
  const pair = node.childForFieldName('body');
  const [key, body] = pair ? [pair.childForFieldName('key'), pair.childForFieldName('value')] : [];
  if (!key || !body) return UNKNOWN;
  const value = calls.log.repeated(() => calls.evaluate(body, inner));
  return {
    kind: 'mapping',
    entries: [{ name: nameOf(calls, key, inner), value }],
    open: false,
    at: calls.at(node, frame),
  };
}

/** A list of any length, each item as the body says. */
export function comprehension(calls: Calls, node: Syntax, frame: Frame): Value {
  const inner: Frame = { ...frame, names: new Map(frame.names) };
  bindClauses(calls, node, inner);
  const body = node.childForFieldName('body');
  if (!body) return UNKNOWN;
  const items: Item[] = [
    { kind: 'many', items: [{ kind: 'one', value: calls.log.repeated(() => calls.evaluate(body, inner)) }] },
  ];
  return { kind: 'container', items, at: calls.at(node, frame) };
}

/** A dictionary by names. */
export function dictionary(calls: Calls, node: Syntax, frame: Frame): Value {
  const pairs = childrenOf(node).filter(({ type }) => type === 'pair');
  const entries = pairs.flatMap((pair) => {
    const [key, value] = [pair.childForFieldName('key'), pair.childForFieldName('value')];
    const name = key ? plainString(key) : undefined;
    return name !== undefined && value ? [{ name, value: calls.evaluate(value, frame) }] : [];
  });
  return { kind: 'mapping', entries, open: entries.length < childrenOf(node).length, at: calls.at(node, frame) };
}
