import type { Graph, Node } from '../../graph/ir';
import type { Ledger } from './flow';
import { PASSING } from './rules';

/**
 * One step back through the network: what a PFV is made of, without asking what those are made of. The passes serve
 * for it when relevance that comes to a layer goes no further.
 */

const passing: ReadonlySet<string> = new Set(PASSING);

/** A vector under another name: all that reads the value makes one and the same layer of it, place by place. */
function isBeforeActivation(ledger: Ledger, consumers: ReadonlyMap<string, readonly Node[]>, value: string): boolean {
  const made = new Set<string>();
  const visit = (from: string): boolean =>
    (consumers.get(from) ?? []).every((node) => {
      const [next] = node.outputs;
      if (!passing.has(node.op) && !(node.op === 'Mul' && node.inputs.includes(value))) return false;
      if (!ledger.injections.has(next)) return visit(next);
      made.add(next);
      return true;
    });
  return visit(value) && made.size === 1;
}

/**
 * The relevance of the layers at which a step ends, each with the input of the pass that puts relevance there. What an
 * activation follows at once is no end: the vectors before and after it are one PFV.
 */
export function haltsOf(ledger: Ledger, consumers: ReadonlyMap<string, readonly Node[]>): ReadonlyMap<string, string> {
  const halts = new Map<string, string>();
  for (const [value, injection] of ledger.injections) {
    const relevance = ledger.relevance.get(value);
    if (relevance && !isBeforeActivation(ledger, consumers, value)) halts.set(relevance, injection);
  }
  return halts;
}

/** The same passes, with every layer that is an end passing on only what is put into it, and not what comes to it. */
export function haltedAt(graph: Graph, halts: ReadonlyMap<string, string>): Graph {
  const nodes = graph.nodes.map((node) =>
    node.inputs.some((input) => halts.has(input))
      ? { ...node, inputs: node.inputs.map((input) => halts.get(input) ?? input) }
      : node,
  );
  return { ...graph, nodes };
}
