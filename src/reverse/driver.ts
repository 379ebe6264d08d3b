import type { Builder } from '../graph/builder';
import { PrismError } from '../graph/errors';
import type { Graph, Node } from '../graph/ir';
import { carriesDerivative } from '../graph/tensor';
import { reads } from '../graph/topology';
import type { Expansion, Match, Rule, RuleTable } from '../ops/rule';

/** Which values lie on a path from a wanted value to a seed: only these carry anything back. */
function activeValues(nodes: readonly Node[], seeds: Iterable<string>, wanted: Iterable<string>): Set<string> {
  const dependent = new Set(wanted);
  for (const node of nodes) {
    if ([...reads(node)].some((input) => dependent.has(input)))
      for (const output of node.outputs) dependent.add(output);
  }
  const needed = new Set(seeds);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    if (node.outputs.some((output) => needed.has(output))) for (const input of reads(node)) needed.add(input);
  }
  const active = new Set<string>();
  for (const value of dependent) if (value && needed.has(value)) active.add(value);
  return active;
}

const keyOf = ({ domain, op }: Node): string => (domain === '' || domain === 'ai.onnx' ? op : `${domain}:${op}`);

/** The entry of a list whose match comes first. */
function entryOf<T>(entries: readonly (readonly [Match, T])[], node: Node, b: Builder): T | undefined {
  const key = keyOf(node);
  return entries.find(([match]) => (typeof match === 'string' ? match === key : match(node, b)))?.[1];
}

/**
 * The rule that a table has for a node.
 *
 * @throws PrismError UNSUPPORTED_OPERATOR naming the node
 */
export function ruleFor<C>(table: RuleTable<C>, node: Node, b: Builder): Rule<C> {
  const rule = entryOf(table.rules, node, b);
  if (rule) return rule;
  const key = keyOf(node);
  throw new PrismError(
    'UNSUPPORTED_OPERATOR',
    `no ${table.name} rule for operator ${key} (node ${node.name || node.outputs[0]}); perturbation methods need no rules and still work`,
    { node: node.name || node.outputs[0], op: key, opset: b.opset(node.domain) },
  );
}

/** Operators on quantised numbers whose sums are wide integers: what reaches them must not end in silence. */
const INTEGER_SUMS: ReadonlySet<string> = new Set(['ConvInteger', 'MatMulInteger']);

/** The nodes on the way from some values to others. */
function between(nodes: readonly Node[], from: readonly string[], to: Iterable<string>): readonly Node[] {
  const needed = new Set(to);
  for (const value of from) needed.delete(value);
  const start = new Set(from);
  const found: Node[] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    if (!nodes[i].outputs.some((output) => needed.has(output))) continue;
    found.push(nodes[i]);
    for (const input of reads(nodes[i])) if (!start.has(input)) needed.add(input);
  }
  return found.reverse();
}

/** Writes a node out in simpler operators and walks back through those. */
function throughExpansion<C>(
  b: Builder,
  table: RuleTable<C>,
  expansion: Expansion,
  node: Node,
  cotangents: readonly (C | null)[],
  wanted: readonly string[],
): Map<string, C | null> {
  const arrived = new Map<string, C[]>();
  expansion(node, b).forEach((value, index) => {
    const cotangent = cotangents[index];
    if (cotangent === null || cotangent === undefined) return;
    const list = arrived.get(value);
    if (list) list.push(cotangent);
    else arrived.set(value, [cotangent]);
  });
  const seeds = new Map<string, C>();
  for (const [value, all] of arrived) seeds.set(value, all.length === 1 ? all[0] : table.combine(all, value, b));
  return reverse(b, between(b.nodes, wanted, seeds.keys()), table, seeds, wanted);
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
  const carries = table.carries ?? carriesDerivative;
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

  const arrive = (input: string, result: C, node: Node): void => {
    const contribution = table.conform(result, input, node, b);
    const list = arrived.get(input);
    if (list) list.push(contribution);
    else arrived.set(input, [contribution]);
  };

  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    const sources = [...reads(node)].filter((value) => active.has(value) && carries(b.dtype(value)));
    if (sources.length === 0) continue;
    if (INTEGER_SUMS.has(node.op) && node.outputs.some((output) => active.has(output))) ruleFor(table, node, b);
    const cotangents = node.outputs.map((output) => (active.has(output) ? settle(output) : null));
    if (cotangents.every((cotangent) => cotangent === null)) continue;
    const expansion = entryOf(table.rules, node, b) ? undefined : entryOf(table.expansions ?? [], node, b);
    if (expansion) {
      for (const [input, result] of throughExpansion(b, table, expansion, node, cotangents, sources))
        if (result !== null) arrive(input, result, node);
      continue;
    }
    const needed = node.inputs.map((input) => sources.includes(input));
    const results = ruleFor(table, node, b)({ node, b, cotangents, needs: (input) => needed[input] ?? false });
    if (results.slice(node.inputs.length).some((result) => result !== null)) {
      throw new Error(
        `the ${table.name} rule of ${node.op} returned ${results.length} results for ${node.inputs.length} inputs`,
      );
    }
    results.forEach((result, index) => {
      if (result !== null && needed[index]) arrive(node.inputs[index], result, node);
    });
  }
  return new Map(wanted.map((value) => [value, settle(value)]));
}
