import type { Graph, Node } from '../graph/ir';
import { type Origin, originOf } from './origin';

/** A module of the exported model, as far as the exporter names it. */
export interface ModuleNode {
  readonly name: string;
  readonly parent?: ModuleNode;
  readonly children: Map<string, ModuleNode>;
  /** Operators of nodes that the module made itself. */
  readonly ops: string[];
  className?: string;
}

export interface ModelModules {
  readonly root: ModuleNode;
  /** Names may bear the number of a repeated call. */
  readonly numbered: boolean;
  /** The module and origin of each node that names one, in the graph's order. */
  readonly nodes: ReadonlyMap<Node, { readonly module: ModuleNode; readonly origin: Origin }>;
}

/** The tree of modules that a model's nodes name. */
export function modulesOf(graph: Graph): ModelModules {
  const root: ModuleNode = { name: '', children: new Map(), ops: [] };
  const nodes = new Map<Node, { module: ModuleNode; origin: Origin }>();
  let numbered = false;
  for (const node of graph.nodes) {
    const origin = originOf(node, graph);
    if (!origin) continue;
    numbered ||= origin.numbered;
    let module = root;
    origin.path.forEach((name, depth) => {
      let child = module.children.get(name);
      if (!child) {
        child = { name, parent: module, children: new Map(), ops: [] };
        module.children.set(name, child);
      }
      module = child;
      module.className ||= origin.classes?.[depth + 1];
    });
    root.className ||= origin.classes?.[0];
    module.ops.push(node.op);
    nodes.set(node, { module, origin });
  }
  return { root, numbered, nodes };
}

/** Every module below and including one. */
export function* below(module: ModuleNode): Generator<ModuleNode> {
  yield module;
  for (const child of module.children.values()) yield* below(child);
}

/** `relu_1` → `relu`. */
export const withoutNumber = (name: string): string => name.replace(/_\d+$/, '');

/** The position that a child of a container stands at, or undefined for a name. */
export function positionOf(name: string, numbered: boolean): number | undefined {
  const found = (numbered ? /^(\d+)(_\d+)?$/ : /^(\d+)$/).exec(name);
  return found ? Number(found[1]) : undefined;
}
