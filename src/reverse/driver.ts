import type { Builder } from '../graph/builder';
import { PrismError } from '../graph/errors';
import type { Graph, Node } from '../graph/ir';
import { isFloating } from '../graph/tensor';
import type { Rule, RuleTable } from '../ops/rule';

/** Which values lie on a path from a wanted value to a seed: only these carry anything back. */
function activeValues(nodes: readonly Node[], seeds: Iterable<string>, wanted: Iterable<string>): Set<string> {
  const dependent = new Set(wanted);
  for (const node of nodes) {
    if (node.inputs.some((input) => dependent.has(input))) for (const output of node.outputs) dependent.add(output);
  }
  const needed = new Set(seeds);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    if (node.outputs.some((output) => needed.has(output))) for (const input of node.inputs) needed.add(input);
  }
  const active = new Set<string>();
  for (const value of dependent) if (value && needed.has(value)) active.add(value);
  return active;
}

/**
 * The rule that a table has for a node.
 *
 * @throws PrismError UNSUPPORTED_OPERATOR naming the node
 */
export function ruleFor<C>(table: RuleTable<C>, node: Node, b: Builder): Rule<C> {
  const key = node.domain === '' || node.domain === 'ai.onnx' ? node.op : `${node.domain}:${node.op}`;
  for (const [match, rule] of table.rules) if (typeof match === 'string' ? match === key : match(node, b)) return rule;
  throw new PrismError(
    'UNSUPPORTED_OPERATOR',
    `no ${table.name} rule for operator ${key} (node ${node.name || node.outputs[0]}); perturbation methods need no rules and still work`,
    { node: node.name || node.outputs[0], op: key, opset: b.opset(node.domain) },
  );
}

/**
 * One reverse pass. Walks the nodes of the builder's graph backward from the seeds to the wanted values, only along
 * paths that connect them, applies the table's rules and adds up where a value is read more than once.
 *
 * @param nodes the nodes to walk, in topological order: those of the forward graph, taken before any are emitted
 * @param seeds what flows back into which value at the start; several may be given, one may lie behind another
 * @param wanted the values asked for
 * @returns what arrives at each wanted value; null where no path connects it with a seed
 * @throws PrismError UNSUPPORTED_OPERATOR naming the node when the table has no rule for it
 */
export function reverse<C>(
  b: Builder,
  nodes: Graph['nodes'],
  table: RuleTable<C>,
  seeds: ReadonlyMap<string, C>,
  wanted: readonly string[],
): Map<string, C | null> {
  const active = activeValues(nodes, seeds.keys(), wanted);
  const arrived = new Map<string, C[]>();
  for (const [value, seed] of seeds) arrived.set(value, [seed]);
  const settled = new Map<string, C>();

  const settle = (value: string): C | null => {
    const done = settled.get(value);
    if (done !== undefined) return done;
    const contributions = arrived.get(value);
    if (!contributions) return null;
    const total = contributions.length === 1 ? contributions[0] : table.combine(contributions, value, b);
    settled.set(value, total);
    return total;
  };

  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    const needed = node.inputs.map((input) => active.has(input) && carries(b, input));
    if (!needed.includes(true)) continue;
    const cotangents = node.outputs.map((output) => (active.has(output) ? settle(output) : null));
    if (cotangents.every((cotangent) => cotangent === null)) continue;
    const results = ruleFor(table, node, b)({ node, b, cotangents, needs: (input) => needed[input] ?? false });
    if (results.slice(node.inputs.length).some((result) => result !== null)) {
      throw new Error(
        `the ${table.name} rule of ${node.op} returned ${results.length} results for ${node.inputs.length} inputs`,
      );
    }
    results.forEach((result, index) => {
      if (result === null || !needed[index]) return;
      const input = node.inputs[index];
      const contribution = table.conform(result, input, node, b);
      const list = arrived.get(input);
      if (list) list.push(contribution);
      else arrived.set(input, [contribution]);
    });
  }
  return new Map(wanted.map((value) => [value, settle(value)]));
}

/** Integers and booleans carry no derivative, nor anything else that flows back. */
const carries = (b: Builder, value: string): boolean => isFloating(b.dtype(value));
