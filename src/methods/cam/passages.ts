import type { Node } from '../../graph/ir';
import { reads } from '../../graph/topology';

/** The nodes between two values: those that depend on one and that the other depends on, in the order given. */
function between(nodes: readonly Node[], from: string, to: string): Node[] {
  const dependent = new Set([from]);
  const behind = nodes.filter((node) => {
    if (![...reads(node)].some((value) => dependent.has(value))) return false;
    for (const output of node.outputs) if (output) dependent.add(output);
    return true;
  });
  const needed = new Set([to]);
  const found: Node[] = [];
  for (const node of behind.reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    found.push(node);
    for (const value of reads(node)) if (dependent.has(value)) needed.add(value);
  }
  return found.reverse();
}

/** A value that everything on the way passes, and the node that makes it. */
export interface Passage {
  readonly value: string;
  readonly node: Node;
}

/** The way from one value to another. */
export interface Way {
  /** In topological order. */
  readonly nodes: readonly Node[];
  /** The values that no path avoids, in order; the last is the end of the way. */
  readonly passages: readonly Passage[];
}

/**
 * The values through which all that one value tells another must pass: behind such a value nothing reads what was made
 * before it.
 */
export function wayBetween(graphNodes: readonly Node[], from: string, to: string): Way {
  const nodes = between(graphNodes, from, to);
  const last = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const value of reads(node)) last.set(value, index);
  });
  const passages: Passage[] = [];
  let open = last.get(from) ?? -1;
  nodes.forEach((node, index) => {
    const read = node.outputs.filter((output) => output === to || last.has(output));
    if (open <= index && read.length === 1) passages.push({ value: read[0], node });
    for (const output of read) open = Math.max(open, last.get(output) ?? index);
  });
  return { nodes, passages };
}
