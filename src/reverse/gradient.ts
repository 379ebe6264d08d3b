import { Builder } from '../graph/builder';
import { PrismError } from '../graph/errors';
import { foldBatchNorm } from '../graph/foldBatchNorm';
import { type Graph, typeOf } from '../graph/ir';
import { prune } from '../graph/prune';
import { isFloating } from '../graph/tensor';
import { castTo } from '../ops/common';
import type { RuleTable } from '../ops/rule';
import { vjp } from '../ops/vjp';
import { reverse } from './driver';

export interface GradientRequest {
  /** The value whose score is explained, e.g. the logits; an inner value is as good as an output. */
  readonly output: string;
  /** Values whose gradients are wanted: graph inputs, inner values, initializers. */
  readonly wrt: readonly string[];
  /**
   * What the caller feeds to choose the score.
   * - `target`: an int64 input `target` [N], one class a batch item; the score is the output at that class, summed over
   *   positions where the output [N, classes, …] has any. An output [classes] counts as a batch of one.
   * - `weights`: an input `weights` in the output's shape; the score is Σ weights·output.
   */
  readonly seed: 'target' | 'weights';
  /** Rules in place of the ordinary gradient's. */
  readonly table?: RuleTable<string>;
}

/** A graph of one forward and one backward pass. All names are values of `graph`. */
export interface GradientGraph {
  /** Its inputs are those of the model and the seed; its outputs: score, output, gradients in the order asked for. */
  readonly graph: Graph;
  /** The input that chooses the score. */
  readonly seed: string;
  /** The score of each batch item [N] (a scalar if the output is one). */
  readonly score: string;
  /** The whole output, e.g. all logits. */
  readonly output: string;
  /** Value asked for → its gradient, in the value's shape; zeros where the score does not depend on it. */
  readonly gradients: ReadonlyMap<string, string>;
}

/** The one-hot of the target over axis 1, in the shape of the output. */
function targetSeed(b: Builder, output: string): { readonly seed: string; readonly cotangent: string } {
  const shape = b.shape(output);
  if (shape.length === 0) {
    throw new PrismError(
      'UNSUPPORTED_OUTPUT',
      `the output ${output} is a single number and has no classes to choose from`,
      {
        value: output,
      },
    );
  }
  const [batch, classes, ...positions] = shape.length === 1 ? [1, ...shape] : shape;
  const seed = b.input('target', 'int64', [batch]);
  const indices = b.ints(
    Array.from({ length: classes }, (_, index) => index),
    [1, classes],
  );
  const hot = castTo(b, b.op('Equal', [indices, b.reshape(seed, [batch, 1])]), b.dtype(output));
  const spread = b.reshape(hot, [batch, classes, ...positions.map(() => 1)]);
  return { seed, cotangent: b.reshape(b.expand(spread, [batch, classes, ...positions]), shape) };
}

/**
 * Extends a specialised graph by the gradients of a score.
 *
 * @throws PrismError UNKNOWN_VALUE when a value asked for is not in the graph, UNSUPPORTED_TYPE when it is not of a
 *   floating type, UNSUPPORTED_OUTPUT when a target cannot be chosen from the output, and what the rules throw
 */
export function gradientGraph(model: Graph, request: GradientRequest): GradientGraph {
  const { output, wrt } = request;
  for (const value of [output, ...wrt]) requireFloating(model, value);
  const graph = folded(model, [output, ...wrt]);
  const b = new Builder(graph);

  let seed: string;
  let cotangent: string;
  if (request.seed === 'target') {
    ({ seed, cotangent } = targetSeed(b, output));
  } else {
    seed = b.input('weights', b.dtype(output), b.shape(output));
    cotangent = seed;
  }
  const score = perItem(b, b.mul(cotangent, output), request.seed === 'target' && b.rank(output) === 1 ? 0 : 1);

  const results = reverse(b, graph.nodes, request.table ?? vjp, new Map([[output, cotangent]]), wrt);
  const taken = valueNames(graph);
  const gradients = new Map<string, string>();
  for (const value of new Set(wrt)) {
    let name = `gradient(${value})`;
    while (taken.has(name)) name += "'";
    taken.add(name);
    gradients.set(value, b.alias(results.get(value) ?? b.zerosLike(value), name));
  }
  b.setOutputs([score, output, ...gradients.values()]);
  return { graph: prune(b.graph()), seed, score, output, gradients };
}

/**
 * The graph with batch normalisation folded, so that reverse convolutions follow each other directly; as it is where
 * that would lose a value asked for, or the way to a parameter.
 */
function folded(graph: Graph, values: readonly string[]): Graph {
  if (values.some((value) => graph.initializers.has(value))) return graph;
  const result = foldBatchNorm(graph);
  return values.every((value) => typeOf(result, value)) ? result : graph;
}

/** Sums over the axes from `first` on and returns a vector, or a scalar for a scalar. */
function perItem(b: Builder, x: string, first: number): string {
  const shape = b.shape(x);
  const axes = shape.flatMap((_, axis) => (axis < first ? [] : [axis]));
  return b.reshape(b.sum(x, axes), shape.length === 0 ? [] : [first === 0 ? 1 : shape[0]]);
}

function valueNames(graph: Graph): Set<string> {
  const names = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
  for (const node of graph.nodes) for (const output of node.outputs) names.add(output);
  return names;
}

function requireFloating(graph: Graph, value: string): void {
  const type = typeOf(graph, value);
  if (!type) throw new PrismError('UNKNOWN_VALUE', `the graph has no value ${JSON.stringify(value)}`, { value });
  if (!isFloating(type.dtype)) {
    throw new PrismError('UNSUPPORTED_TYPE', `${value} is of type ${type.dtype}, which has no gradient`, { value });
  }
}
