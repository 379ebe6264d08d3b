import { type Graph, type Node, typeOf } from '../../graph/ir';
import { isFloating } from '../../graph/tensor';
import type { RelevanceFlow } from '../../methods/method';
import type { LayerInfo } from '../../protocol';
import type { Network, NetworkEdge, NetworkNode } from '../../protocol/flow';
import { originOf } from '../../source/origin';
import { layerTitle } from '../layers';
import { type Member, treeOf } from './tree';

/** An explained model, as far as its network is concerned. */
export interface Explained {
  /** As it was exported: later steps drop names. */
  readonly model: Graph;
  /** With static shapes. */
  readonly graph: Graph;
  /** The input that is looked at, and the value that the explanation is of. */
  readonly input: string;
  readonly of: string;
  /** The output that is explained, and what is explained of it. */
  readonly output: string;
  readonly target: string;
  readonly layers: readonly LayerInfo[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Nodes of the drawing: inputs, the model's operators that lie on the way, and what is explained. */
class Drawing {
  readonly nodes: Omit<NetworkNode, 'group' | 'title' | keyof Stays>[] = [];
  /** Node of the model behind each, where there is one. */
  readonly origins: (Node | undefined)[] = [];
  readonly #makers = new Map<string, number>();
  readonly #edges = new Map<string, Writable<NetworkEdge>>();

  constructor(private readonly graph: Graph) {}

  add(id: string, op: string, makes: readonly string[], node?: Node, kind?: 'input' | 'output'): number {
    const shape = (typeOf(this.graph, id)?.shape ?? []).filter((dim) => typeof dim === 'number');
    const index = this.nodes.push({ id, op, shape, ...(kind && { kind }) }) - 1;
    this.origins.push(node);
    for (const value of makes) this.#makers.set(value, index);
    return index;
  }

  makerOf(value: string): number | undefined {
    return this.#makers.get(value);
  }

  join(from: number, to: number, { relevance, against }: Omit<NetworkEdge, 'from' | 'to'> = { relevance: 0 }): void {
    const key = `${from},${to}`;
    const edge = this.#edges.get(key) ?? { from, to, relevance: 0 };
    edge.relevance += relevance;
    if (against !== undefined) edge.against = (edge.against ?? 0) + against;
    this.#edges.set(key, edge);
  }

  get edges(): readonly NetworkEdge[] {
    return [...this.#edges.values()];
  }
}

/** The nodes between what relevance ends at and what is explained, along values that relevance can belong to. */
function between(nodes: readonly Node[], roots: ReadonlySet<string>, ends: ReadonlySet<string>, graph: Graph): Node[] {
  const carries = (value: string): boolean => roots.has(value) || isFloating(typeOf(graph, value)?.dtype ?? 'float32');
  const reached = new Set(roots);
  for (const { inputs, outputs } of nodes) {
    if (!inputs.some((value) => reached.has(value))) continue;
    for (const value of outputs) if (value && carries(value)) reached.add(value);
  }
  const wanted = new Set(ends);
  const found: Node[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((value) => wanted.has(value) && reached.has(value))) continue;
    found.push(node);
    for (const value of node.inputs) if (reached.has(value)) wanted.add(value);
  }
  return found.reverse();
}

/** What relevance ends at: inputs of the model, or the inner value that is explained where it goes no further. */
function rootsOf({ graph, input, of }: Explained, flow: RelevanceFlow | undefined): Set<string> {
  if (!flow) return new Set([input]);
  const moved = new Set(flow.moves.map(({ value }) => value));
  const fed = graph.inputs.map(({ name }) => name).filter((name) => moved.has(name));
  return new Set(fed.length > 0 ? fed : [of]);
}

function drawn(explained: Explained, flow: RelevanceFlow | undefined): Drawing {
  const { graph, output, target } = explained;
  const roots = rootsOf(explained, flow);
  const starts = flow?.starts ?? [{ value: output, relevance: 0 }];
  const nodes = between(
    flow?.nodes ?? graph.nodes,
    roots,
    new Set([output, ...starts.map(({ value }) => value)]),
    graph,
  );
  const drawing = new Drawing(graph);
  for (const root of roots) drawing.add(root, 'Input', [root], undefined, 'input');
  for (const node of nodes)
    if (!node.outputs.some((value) => roots.has(value))) drawing.add(node.outputs[0], node.op, node.outputs, node);
  const end = drawing.add(output, target, [], undefined, 'output');
  for (const node of nodes) {
    const to = drawing.makerOf(node.outputs[0]);
    if (to === undefined || roots.has(node.outputs[0])) continue;
    for (const value of new Set(node.inputs)) {
      const from = value === '' ? undefined : drawing.makerOf(value);
      if (from !== undefined) drawing.join(from, to);
    }
  }
  for (const { node, value, ...amount } of flow?.moves ?? []) {
    const [from, to] = [drawing.makerOf(value), drawing.makerOf(node)];
    if (from !== undefined && to !== undefined) drawing.join(from, to, amount);
  }
  for (const { value, ...amount } of starts) {
    const from = drawing.makerOf(value);
    if (from !== undefined) drawing.join(from, end, amount);
  }
  return drawing;
}

/** Where nodes come from, by what the exporter wrote in the file. */
function pathsIn(model: Graph): (node: Node) => Pick<Member, 'path' | 'classes'> {
  const byName = new Map<string, Node>();
  const byValue = new Map<string, Node>();
  for (const node of model.nodes) {
    if (node.name && !byName.has(node.name)) byName.set(node.name, node);
    for (const value of node.outputs) byValue.set(value, node);
  }
  return (node) => {
    const named = byName.get(node.name);
    const exported = (named?.op === node.op ? named : undefined) ?? byValue.get(node.outputs[0]) ?? node;
    const origin = originOf(exported, model);
    if (origin) return { path: origin.path, ...(origin.classes && { classes: origin.classes }) };
    // Other exporters write scopes as folders.
    return { path: exported.name.split('/').filter(Boolean).slice(0, -1) };
  };
}

/** The layer that shows a value: its own, or that of what alone follows it. */
function layersFor(drawing: Drawing, layers: readonly LayerInfo[]): (index: number) => string | undefined {
  const shown = new Set(layers.map(({ id }) => id));
  const readers = drawing.nodes.map((): number[] => []);
  for (const { from, to } of drawing.edges) readers[from].push(to);
  return (index) => {
    for (let at = index, steps = 0; steps < 8; steps++) {
      const { id, kind } = drawing.nodes[at];
      if (kind !== 'output' && shown.has(id)) return id;
      if (readers[at].length !== 1) return undefined;
      [at] = readers[at];
    }
    return undefined;
  };
}

type Stays = Pick<NetworkNode, 'sink' | 'lost' | 'against'>;

/** What stays at each node, of all that its outputs received. */
function stays(drawing: Drawing, flow: RelevanceFlow | undefined): Stays[] {
  const kept = drawing.nodes.map(() => 0);
  const keptAgainst = drawing.nodes.map(() => 0);
  for (const { from, to, relevance, against = 0 } of drawing.edges) {
    kept[from] += relevance;
    kept[to] -= relevance;
    keptAgainst[from] += against;
    keptAgainst[to] -= against;
  }
  const hasStreams = againstOf(flow) !== undefined;
  return drawing.nodes.map(({ id, kind }, index) => {
    if (kind || !flow) return { sink: 0, lost: 0 };
    const { sink, lost } = flow.kept ? (flow.kept.get(id) ?? { sink: 0, lost: 0 }) : { sink: kept[index], lost: 0 };
    if (!hasStreams) return { sink, lost };
    // Both streams are kept for the same reasons, which the method has counted together.
    const share = Math.max(0, Math.min(1, keptAgainst[index] / kept[index] || 0));
    return { sink, lost, against: { sink: share * sink, lost: share * lost } };
  });
}

/** What of the relevance that set out is of the stream against; undefined where there is one stream only. */
function againstOf(flow: RelevanceFlow | undefined): number | undefined {
  if (!flow?.starts.some(({ against }) => against !== undefined)) return undefined;
  return flow.starts.reduce((sum, { against = 0 }) => sum + against, 0);
}

/**
 * An explained model as a flow: its operators in their modules, and what went along every connection.
 *
 * @param flow undefined where the method does not follow relevance from node to node
 */
export function networkOf(explained: Explained, flow: RelevanceFlow | undefined): Network {
  const drawing = drawn(explained, flow);
  const pathOf = pathsIn(explained.model);
  const members = drawing.nodes.map(({ id, op, kind }, index): Member => {
    const node = drawing.origins[index];
    return node
      ? { ...pathOf(node), title: op }
      : { path: [], title: kind === 'output' ? op : layerTitle(id), outside: true };
  });
  const next = drawing.nodes.map((): number[] => []);
  for (const { from, to } of drawing.edges) next[from].push(to);
  const { groups, places } = treeOf(members, next);
  const layerOf = layersFor(drawing, explained.layers);
  const kept = stays(drawing, flow);
  const totalAgainst = againstOf(flow);
  return {
    nodes: drawing.nodes.map((node, index) => {
      const layer = node.kind === 'output' ? undefined : layerOf(index);
      return {
        ...node,
        ...places[index],
        ...(node.kind === 'output' && { op: 'Output' }),
        ...(layer !== undefined && { layer }),
        ...kept[index],
      };
    }),
    groups,
    edges: drawing.edges,
    widths: flow ? 'relevance' : 'none',
    ...(flow?.withoutContrast && { withoutContrast: true }),
    total: flow?.starts.reduce((sum, { relevance }) => sum + relevance, 0) ?? 0,
    ...(totalAgainst !== undefined && { totalAgainst }),
  };
}
