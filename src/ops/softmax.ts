import { getInt } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { fromFront, none } from './common';
import type { VjpRule, VjpRules } from './rule';

const axisOf = (node: Node, b: Builder): number => fromFront(getInt(node, 'axis', -1), b.rank(node.inputs[0]));

/** y(dy − Σ dy·y). */
const softmaxRule: VjpRule = ({ node, b, cotangents }) => {
  const y = node.outputs[0];
  const dy = cotangents[0] as string;
  const total = b.sum(b.mul(dy, y), [axisOf(node, b)]);
  return [b.mul(y, b.sub(dy, total))];
};

/** dy − eʸ·Σ dy. */
const logSoftmax: VjpRule = ({ node, b, cotangents }) => {
  const dy = cotangents[0] as string;
  const total = b.sum(dy, [axisOf(node, b)]);
  return [b.sub(dy, b.mul(b.op('Exp', [node.outputs[0]]), total))];
};

/** Normalised exponentials along an axis. */
export const softmax: VjpRules = [
  ['Softmax', softmaxRule],
  ['LogSoftmax', logSoftmax],
  ['Hardmax', none],
];
