import { getString, string } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { castTo, unsupported } from './common';
import type { VjpRule, VjpRules } from './rule';

/** An equation without an ellipsis: one string of axis letters per operand, and that of the output. */
interface Equation {
  readonly terms: readonly string[];
  readonly output: string;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Reads an equation; axes behind an ellipsis get letters of their own, and an implicit output is written out. */
function parseEquation(node: Node, ranks: readonly number[]): Equation {
  const equation = getString(node, 'equation', '').replace(/\s/g, '');
  const [left, right] = equation.split('->');
  const terms = left.split(',');
  if (terms.length !== ranks.length) throw unsupported(node, 'equation', `'${equation}' has ${terms.length} terms`);
  const hidden = Math.max(0, ...terms.map((term, i) => (term.includes('...') ? ranks[i] - term.length + 3 : 0)));
  const free = [...LETTERS].filter((letter) => !equation.includes(letter));
  if (hidden > free.length) throw unsupported(node, 'equation', 'it has too many axes');
  const ellipsis = free.slice(0, hidden).join('');
  const written = terms.map((term, i) =>
    term.replace('...', () => ellipsis.slice(hidden - Math.max(0, ranks[i] - term.length + 3))),
  );
  const once = [...new Set(left.replace(/[.,]/g, ''))].filter((letter) => left.split(letter).length === 2).sort();
  return { terms: written, output: right?.replace('...', () => ellipsis) ?? ellipsis + once.join('') };
}

const unique = (letters: string): string => [...new Set(letters)].join('');

const equationOf = (node: Node, b: Builder): Equation =>
  parseEquation(
    node,
    node.inputs.map((input) => b.rank(input)),
  );

/** The node with an equation that names every axis, so that its shape follows from the equation alone. */
export function writtenOut(node: Node, b: Builder): Node {
  if (node.op !== 'Einsum') return node;
  const { terms, output } = equationOf(node, b);
  return { ...node, attributes: { ...node.attributes, equation: string(`${terms.join(',')}->${output}`) } };
}

/**
 * What an Einsum of many operands computes, two operands at a time.
 *
 * @param order of the operands, by their places
 */
export function pairwise(node: Node, b: Builder, order: readonly number[]): string {
  const { terms, output } = equationOf(node, b);
  const [first, ...others] = order.map((place) => ({ value: node.inputs[place], term: terms[place] }));
  return others.reduce((left, right, index) => {
    const later = [output, ...others.slice(index + 1).map(({ term }) => term)].join('');
    const kept = unique(left.term + right.term).replace(/./g, (letter) => (later.includes(letter) ? letter : ''));
    const term = index === others.length - 1 ? output : kept;
    const equation = string(`${left.term},${right.term}->${term}`);
    return { value: b.op('Einsum', [left.value, right.value], { equation }), term };
  }, first).value;
}

/** Puts the elements of x, whose axes are the distinct letters of `term`, on the diagonals that `term` names. */
function onDiagonal(b: Builder, x: string, term: string): string {
  let out = x;
  [...term].forEach((letter, axis) => {
    const first = term.indexOf(letter);
    if (first === axis) return;
    const spread = b.op('Unsqueeze', [out, b.ints([axis])]);
    const size = b.shape(out)[first];
    const iota = Array.from({ length: size }, (_, i) => i);
    const along = (place: number): string =>
      b.ints(
        iota,
        b.shape(spread).map((_, i) => (i === place ? size : 1)),
      );
    out = b.mul(spread, castTo(b, b.op('Equal', [along(first), along(axis)]), b.dtype(x)));
  });
  return out;
}

/**
 * The gradient of one operand is the Einsum of the cotangent with the others, back to the operand's own axes. Axes that
 * only this operand has were summed over, so their gradient is constant along them; repeated ones were read on the
 * diagonal.
 */
const einsumRule: VjpRule = ({ node, b, cotangents, needs }) => {
  const { terms, output } = equationOf(node, b);
  return node.inputs.map((input, index) => {
    if (!needs(index)) return null;
    const others = node.inputs.flatMap((value, i) => (i === index ? [] : [{ value, term: terms[i] }]));
    const sources = [{ value: cotangents[0] as string, term: output }, ...others];
    const wanted = unique(terms[index]);
    const reached = [...wanted].filter((letter) => sources.some(({ term }) => term.includes(letter))).join('');
    const equation = `${sources.map(({ term }) => term).join(',')}->${reached}`;
    const product = b.op(
      'Einsum',
      sources.map(({ value }) => value),
      { equation: string(equation) },
    );
    const absent = [...wanted].flatMap((letter, axis) => (reached.includes(letter) ? [] : [axis]));
    const spread = absent.length > 0 ? b.op('Unsqueeze', [product, b.ints(absent)]) : product;
    const dims = b.shape(input);
    const full = [...wanted].map((letter, axis) =>
      absent.includes(axis) ? dims[terms[index].indexOf(letter)] : b.shape(spread)[axis],
    );
    return onDiagonal(b, b.expand(spread, full), terms[index]);
  });
};

/** Contractions by subscripts. */
export const einsum: VjpRules = [['Einsum', einsumRule]];
