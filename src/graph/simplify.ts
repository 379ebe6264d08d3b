import { int } from './attributes';
import { type Graph, type Node, type Tensor, typeOf, wiring } from './ir';
import { codeOf } from './onnx/dtypes';
import { renameValues } from './rename';
import { unpackSequences } from './sequences';
import { byteLength, elementCount, int64 } from './tensor';
import { writeOut } from './unroll';

/** Larger constants stay the few nodes that make them. */
const FOLDED_BYTES = 1 << 20;

/** Values that import or a builder made up, which nobody knows by name. */
const isInternal = (value: string): boolean => value.includes('~');

/** Puts found constants in the place of the nodes that make them. */
export function fold(graph: Graph, constants: ReadonlyMap<string, Tensor>): Graph {
  const initializers = new Map(graph.initializers);
  const small = (tensor: Tensor): boolean =>
    tensor.source.kind === 'strings' || byteLength(tensor.dtype, tensor.shape) <= FOLDED_BYTES;
  const nodes = graph.nodes.filter((node) => {
    const found = node.outputs.map((output) => (output === '' ? undefined : constants.get(output)));
    const complete = node.outputs.every((output, index) => output === '' || (found[index] && small(found[index])));
    if (!complete) return true;
    node.outputs.forEach((output, index) => {
      const tensor = found[index];
      if (tensor) initializers.set(output, tensor);
    });
    return false;
  });
  return nodes.length === graph.nodes.length ? graph : { ...graph, nodes, initializers };
}

/** `CastLike` as `Cast`, which onnxruntime folds and rules know. */
function castTo(node: Node, graph: Graph): Node {
  if (node.op !== 'CastLike' || node.domain !== '') return node;
  const like = typeOf(graph, node.inputs[1]);
  if (!like || like.dtype === 'undefined') return node;
  return {
    ...node,
    op: 'Cast',
    inputs: [node.inputs[0]],
    attributes: { ...node.attributes, to: int(codeOf(like.dtype)) },
  };
}

/** The number of elements of a value of known shape. */
function sizeOf(node: Node, graph: Graph): Tensor | undefined {
  const shape = node.op === 'Size' && node.domain === '' ? typeOf(graph, node.inputs[0])?.shape : undefined;
  if (!shape?.every((dim) => typeof dim === 'number')) return undefined;
  return int64([elementCount(shape as readonly number[])], []);
}

/**
 * Rewrites what static types and constants decide: branches, casts, sizes, sequences. Returns the same graph when there is
 * nothing of the kind; otherwise there may be more to find out.
 */
export function decide(graph: Graph): Graph {
  return unpackSequences(decideNodes(graph));
}

function decideNodes(graph: Graph): Graph {
  let changed = false;
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.flatMap((node) => {
    const written = writeOut(node, graph);
    if (written) {
      changed = true;
      for (const [name, tensor] of written.initializers) initializers.set(name, tensor);
      return written.nodes;
    }
    const size = sizeOf(node, graph);
    if (size) {
      changed = true;
      initializers.set(node.outputs[0], size);
      return [];
    }
    const cast = castTo(node, graph);
    if (cast !== node) changed = true;
    return [cast];
  });
  return changed ? { ...graph, nodes, initializers } : graph;
}

const RESHAPING = new Set(['Cast', 'Expand', 'Flatten', 'Identity', 'Reshape']);

/** True where a node's result is its input under another name. */
function isNoop(node: Node, graph: Graph): boolean {
  if (!RESHAPING.has(node.op) || node.domain !== '') return false;
  const [from, to] = [typeOf(graph, node.inputs[0]), typeOf(graph, node.outputs[0])];
  return (
    from?.dtype === to?.dtype &&
    from?.shape !== undefined &&
    from.shape.length === to?.shape?.length &&
    from.shape.every((dim, axis) => typeof dim === 'number' && dim === to.shape?.[axis])
  );
}

/** Drops nodes that change nothing where one of their two values has a made-up name: the other one stays. */
export function dropNoops(graph: Graph): Graph {
  const { producer, consumers } = wiring(graph);
  const fixed = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  const names = new Map<string, string>();
  const gone = new Set<Node>();
  for (const node of graph.nodes) {
    if (!isNoop(node, graph)) continue;
    const [input] = node.inputs;
    const [output] = node.outputs;
    if (isInternal(output) && !fixed.has(output)) names.set(output, input);
    else if (isInternal(input) && !fixed.has(input) && producer.has(input) && consumers.get(input)?.length === 1) {
      names.set(input, output);
    } else continue;
    gone.add(node);
  }
  if (gone.size === 0) return graph;
  const rename = (value: string): string => {
    let name = value;
    for (let next = names.get(name); next !== undefined; next = names.get(name)) name = next;
    return name;
  };
  return { ...graph, nodes: graph.nodes.filter((node) => !gone.has(node)).map((node) => renameValues(node, rename)) };
}
