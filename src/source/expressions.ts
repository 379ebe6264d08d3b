import type { Calls } from './calls';
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

/** A list of any length, each item as the body says. */
export function comprehension(calls: Calls, node: Syntax, frame: Frame): Value {
  const inner: Frame = { ...frame, names: new Map(frame.names) };
  for (const clause of childrenOf(node).filter(({ type }) => type === 'for_in_clause')) {
    const left = clause.childForFieldName('left');
    if (left) for (const name of [left, ...descendants(left, 'identifier')]) calls.set(name, UNKNOWN, inner);
  }
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
