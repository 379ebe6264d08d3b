import { Builder } from '../../graph/builder';
import { foldBatchNorm } from '../../graph/foldBatchNorm';
import { type Graph, type Node, wiring } from '../../graph/ir';
import { vjp } from '../../ops/vjp';
import { reverse } from '../../reverse/driver';
import { type Movement, Movements } from '../../reverse/movements';
import { amounts } from './attention';
import { type Flow, Ledger, own } from './flow';
import { haltsOf } from './halts';
import { type ClassTokenRule, frontier, type HeadContext, type HeadRule, headRelevance } from './head';
import { type ChannelAxes, type Layouts, layoutsFrom, locationCount, relevanceShape } from './locations';
import { flattenedAsConvolution } from './prepare';
import { LAYER_OPERATORS, sharingTable } from './rules';
import { substitute } from './substitute';

/** A layer of PFVs and the value of the passes that stands for its relevance. */
export interface SharingLayer {
  readonly value: string;
  readonly op: string;
  readonly shape: readonly number[];
  /** Shape of its relevance map: the value's with channel axes 1. */
  readonly relevanceShape: readonly number[];
  readonly channels: ChannelAxes;
}

/**
 * An explanation compiled for one model: all of it in one graph, to be split by its seeds.
 * - Independent of all seeds: the forward pass and the ratios μ (the trace).
 * - `head`: depends on the score's weights; gives the relevance of the last layer.
 * - `pass`: relevance put into any layer flows down to the image.
 * - `readers`: the transpose of the pass.
 */
export interface SharingGraph {
  readonly graph: Graph;
  /** The layers in the model's order, the input first. */
  readonly layers: readonly SharingLayer[];
  readonly output: string;
  /** Input: weights of the score, in the output's shape. */
  readonly scoreSeed: string;
  /** Layers that the head reaches, and the relevance it gives them. */
  readonly head: ReadonlyMap<string, string>;
  /** Layer → input of the pass that puts relevance into it. */
  readonly injections: ReadonlyMap<string, string>;
  /** Value → relevance map, for the input and every value that relevance passes. */
  readonly relevance: ReadonlyMap<string, string>;
  /** Relevance that met only zero vectors, shape [1]. */
  readonly lost: string;
  /** Relevance of the layers at which a walk through the network halts → the input that puts relevance there. */
  readonly halts: ReadonlyMap<string, string>;
  /** Input: a map over the input's locations; what it reads from each layer. */
  readonly readerSeed: string;
  readonly readers: ReadonlyMap<string, string>;
  /** Sizes of the location axes of a value that carries relevance. */
  readonly locations: (value: string) => readonly number[];
  /** Ratios of every target for the tests of the invariants. */
  readonly ratios: readonly { readonly target: string; readonly ratios: string }[];
  /** What goes along every connection of the pass, where it was asked for: a vector of the graph, and how to read it. */
  readonly followed?: {
    readonly nodes: readonly Node[];
    readonly vector: string;
    read(numbers: ArrayLike<number>): readonly Movement[];
  };
}

export interface SharingOptions {
  /** `auto`: gradcam where a fully connected layer reads all locations at once, gap elsewhere. */
  readonly head: HeadRule | 'auto';
  readonly classToken: ClassTokenRule;
  /** Fold batch normalisation as the published code does: without epsilon in the bias. */
  readonly official: boolean;
}

/** Values that are no measure points: a convolution's output that only enters one sum or one activation. */
function isInner(node: Node, consumers: readonly Node[]): boolean {
  if (node.op === 'MaxPool' || node.op === 'AveragePool') return true;
  return (node.op === 'Conv' || node.op === 'ConvTranspose') && consumers.length === 1 && consumers[0].op !== 'Concat';
}

/** True for values whose PFVs can be asked about: those behind a layer's operator. */
function isLayer(b: Builder, node: Node, layouts: Layouts, consumers: ReadonlyMap<string, readonly Node[]>): boolean {
  const [value] = node.outputs;
  const channels = layouts.get(value);
  if (!channels || !LAYER_OPERATORS.has(node.op) || isInner(node, consumers.get(value) ?? [])) return false;
  const merges = !MERGING.has(node.op) || node.inputs.filter((input) => layouts.has(input)).length > 1;
  return merges && locationCount(b.shape(value), channels) > 1;
}

/** Only with two computed operands are these layers; with a constant they belong to the operator before. */
const MERGING = new Set(['Add', 'Mul', 'Sum']);

/**
 * Compiles Sharing Ratio Decomposition for a specialised graph. Batch normalisation behind a convolution is folded.
 *
 * @param input the explained input, batch 1
 * @param output the explained output
 * @param follow also note what goes along every connection
 * @throws PrismError NO_LOCATIONS for inputs without locations, UNSUPPORTED_OPERATOR and SRD_UNSUPPORTED for operators
 *   that join locations in a way that has no rule
 */
export function compileSharing(
  model: Graph,
  input: string,
  output: string,
  options: SharingOptions,
  follow = false,
): SharingGraph {
  const folded = foldBatchNorm(model, { epsilonInBias: !options.official });
  const graph = options.head === 'srd' ? flattenedAsConvolution(folded, input) : folded;
  const b = new Builder(graph);
  const layouts = layoutsFrom(graph.nodes, b, input);
  const { producer, consumers } = wiring(graph);
  const weights = b.input('score weights', 'float32', b.shape(output));
  const ledger = new Ledger(b, layouts, producer);
  const context: HeadContext = { b, ledger, nodes: graph.nodes, layouts, producer, consumers, output, weights };
  const { flattened } = frontier(context);
  const head = headRelevance(
    context,
    options.head === 'auto' ? (flattened ? 'gradcam' : 'gap') : options.head,
    options.classToken,
  );

  const pass = new Ledger(b, layouts, producer, (value) => {
    const node = producer.get(value);
    return node !== undefined && isLayer(b, node, layouts, consumers);
  });
  const seeds = new Map<string, Flow>([...head.keys()].map((value) => [value, own(pass.inject(value))]));
  const movements = follow ? new Movements(b, graph.nodes) : undefined;
  const table = sharingTable(pass);
  const watched = movements?.watch(table, (flow) => amounts(pass, flow)) ?? table;
  const arrived = reverse(b, graph.nodes, watched, seeds, [input]).get(input);
  const inputShape = relevanceShape(b.shape(input), layouts.get(input) as ChannelAxes);
  const atInput = (arrived && pass.resolve(input, arrived)) ?? b.expand(b.float(0), inputShape);
  pass.relevance.set(input, atInput);
  const { injections, lost: losses } = pass;
  const lost = losses.length ? losses.reduce((sum, part) => b.add(sum, part)) : b.floats([0]);

  const passNodes = [...b.nodes];
  const readerSeed = b.input('reader', 'float32', inputShape);
  const read = reverse(b, passNodes, vjp, new Map([[atInput, readerSeed]]), [...injections.values()]);
  const readers = new Map([...injections].map(([value, seed]) => [value, read.get(seed) ?? b.zerosLike(seed)]));

  const describe = (value: string, op: string): SharingLayer[] => {
    if (!injections.has(value)) return [];
    const channels = layouts.get(value) as ChannelAxes;
    return [{ value, op, shape: b.shape(value), relevanceShape: relevanceShape(b.shape(value), channels), channels }];
  };
  const followed = movements && {
    nodes: graph.nodes,
    vector: movements.vector(),
    read: (numbers: ArrayLike<number>) => movements.read(numbers),
  };
  const wanted = [output, ...head.values(), ...pass.relevance.values(), lost, ...readers.values()];
  b.setOutputs([...new Set([...wanted, ...(followed ? [followed.vector] : [])])]);
  return {
    graph: substitute(b.graph(), pass.replacements),
    layers: [
      {
        value: input,
        op: 'Input',
        shape: b.shape(input),
        relevanceShape: inputShape,
        channels: layouts.get(input) as ChannelAxes,
      },
      ...graph.nodes.flatMap((node) => describe(node.outputs[0], node.op)),
    ],
    output,
    scoreSeed: weights,
    head,
    injections,
    halts: haltsOf(pass, consumers),
    relevance: pass.relevance,
    lost,
    readerSeed,
    readers,
    locations: (value) => {
      const channels = layouts.get(value) as ChannelAxes;
      return b.shape(value).filter((_, axis) => axis > 0 && !channels[axis]);
    },
    ratios: pass.ratios,
    ...(followed && { followed }),
  };
}
