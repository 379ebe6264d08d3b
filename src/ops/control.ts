import { getGraph } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Graph, Node } from '../graph/ir';
import { unsupported } from './common';
import type { Expansions } from './rule';

/** Values of the graph being built, by the names that a subgraph has for them. */
type Scope = ReadonlyMap<string, string>;

/** Emits a subgraph's nodes and returns its outputs; names it does not define are those of the graphs around it. */
function inline(b: Builder, body: Graph, outer: Scope): string[] {
  const scope = new Map(outer);
  for (const [name, tensor] of body.initializers) scope.set(name, b.constant(tensor));
  const find = (name: string): string => scope.get(name) ?? name;
  for (const node of body.nodes) {
    const inputs = node.inputs.map(find);
    const outputs =
      node.op === 'If' && node.domain === ''
        ? select({ ...node, inputs }, b, scope)
        : b.ops(node.op, inputs, node.outputs.length, node.attributes, node.domain);
    node.outputs.forEach((name, index) => {
      if (name) scope.set(name, outputs[index]);
    });
  }
  return body.outputs.map(({ name }) => find(name));
}

/**
 * Both branches are computed and the condition selects. A branch that is not taken sends back nothing, unless what it
 * computes has an infinite derivative there.
 */
function select(node: Node, b: Builder, scope: Scope): string[] {
  const branch = (attribute: string): string[] => {
    const body = getGraph(node, attribute);
    if (!body) throw unsupported(node, attribute, 'it is missing');
    return inline(b, body, scope);
  };
  const otherwise = branch('else_branch');
  return branch('then_branch').map((value, index) => {
    if (`${b.shape(value)}` !== `${b.shape(otherwise[index])}`)
      throw unsupported(node, 'else_branch', `its output ${index} has another shape than that of then_branch`);
    return b.op('Where', [node.inputs[0], value, otherwise[index]]);
  });
}

/** Branches that data chooses. All other control flow is written out when a graph is specialised. */
export const control: Expansions = [['If', (node, b) => select(node, b, new Map())]];
