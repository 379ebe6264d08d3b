import type { Graph, Node, Tensor } from '../../graph/ir';

/** Where a node of a model exported from Keras comes from. */
export interface Scope {
  readonly node: Node;
  /** Names of the layers around the operation and of TensorFlow's own scopes in them, outermost first. */
  readonly parts: readonly string[];
  /** Of what multiplies by weights. */
  readonly weight?: Tensor;
}

/** Operators of layers that have filters or units. */
const WEIGHTED: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
/** Weights that a normalisation was folded into: the node is called after that, they after the layer. */
const FOLDED = /\/merged_input(:0)?$/;
const FUNCTIONS = /^((StatefulPartitionedCall|PartitionedCall)(_\d+)?\/)+/;

function partsOf(name: string): string[] {
  // PyTorch's names begin with a stroke.
  if (name.startsWith('/')) return [];
  return name.replace(FUNCTIONS, '').split('/').slice(0, -1);
}

/**
 * The scopes of nodes, without what is around all of them: the model itself. Empty where names are not of the form that
 * TensorFlow gives them.
 */
export function scopesOf(graph: Graph): Scope[] {
  const scopes = graph.nodes.flatMap((node): Scope[] => {
    const [, second] = node.inputs;
    const weight = WEIGHTED.has(node.op) ? graph.initializers.get(second) : undefined;
    // Put between layers by tf2onnx, for another order of axes.
    if (node.op === 'Transpose' && /__\d+$/.test(node.name)) return [];
    const parts = partsOf(weight && FOLDED.test(second) ? second : node.name);
    return parts.length > 0 ? [{ node, parts, ...(weight && { weight }) }] : [];
  });
  const [first] = scopes;
  const around =
    scopes.every(({ parts }) => parts[0] === first.parts[0]) && scopes.some(({ parts }) => parts.length > 1);
  return around ? scopes.map((scope) => ({ ...scope, parts: scope.parts.slice(1) })) : scopes;
}
