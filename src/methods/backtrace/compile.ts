import { Builder } from '../../graph/builder';
import { PrismError } from '../../graph/errors';
import { type Graph, typeOf, wiring } from '../../graph/ir';
import { prune } from '../../graph/prune';
import { isFloating } from '../../graph/tensor';
import type { Expansions, RuleTable } from '../../ops/rule';
import { vjp } from '../../ops/vjp';
import { reverse } from '../../reverse/driver';
import { Wires } from '../relevance/wires';
import { type Flow, sumOf } from './flow';
import { type Balance, type Books, Ledger } from './ledger';
import { inPairs, isManifold, rulesOf, type Walk } from './operators';
import { type StartOptions, startOf } from './start';
import { statesOf, withStates } from './states';
import { carrierOf, Streams } from './streams';
import { Vanishing } from './vanishing';

export interface BacktraceRequest {
  /** The input that is looked at; token numbers are explained as what their embeddings are worth. */
  readonly input: string;
  readonly output: string;
  /** The output's axis over classes. */
  readonly axis: number;
  readonly isMap: boolean;
  /** The value whose relevance is wanted. */
  readonly of: string;
  readonly start: StartOptions;
  readonly saturation: boolean;
}

/** A graph of the forward pass and relevance back from one output. All names are values of `graph`. */
export interface BacktraceGraph {
  readonly graph: Graph;
  /** Input: 1 at the elements of the output that are explained, in its shape. */
  readonly seed: string;
  readonly output: string;
  /** In the shape of the value asked for, one for each stream. */
  readonly relevance: readonly string[];
  /** All sums of the walk. */
  readonly ledger: string;
  /** What they say of the walk as a whole and of every node. */
  read(numbers: ArrayLike<number>): Balance;
}

/**
 * Compiles backtracing for a specialised graph: one forward pass, what every layer's shares need, and the way back.
 *
 * @throws PrismError UNSUPPORTED_OPERATOR where a node on the way has no rule, UNKNOWN_VALUE
 */
export function backtraceGraph(model: Graph, request: BacktraceRequest): BacktraceGraph {
  const { input, output, of } = request;
  if (!typeOf(model, of))
    throw new PrismError('UNKNOWN_VALUE', `the graph has no value ${JSON.stringify(of)}`, { value: of });
  const b = new Builder(model);
  const seed = b.input('weights', isFloating(b.dtype(output)) ? b.dtype(output) : 'float32', b.shape(output));
  const chosen = { output, weights: seed, axis: request.axis, isMap: request.isMap };
  const start = startOf(b, chosen, request.start, wiring(model));
  const { arrived, books } = traceBack(b, model, input, output, start, [of], request.saturation);
  const relevance = start.map((_, stream) => {
    const flow = arrived.get(of);
    const name = start.length === 1 ? 'relevance' : ['relevance for', 'relevance against'][stream];
    const value = flow ? flow[stream] : b.expand(b.float(0), b.shape(of));
    return b.alias(value, `${name}(${of})`);
  });
  const sums = b.alias(books.write(), 'ledger of relevance');
  b.setOutputs([output, ...relevance, sums]);
  return { graph: prune(b.graph()), seed, output, relevance, ledger: sums, read: (numbers) => books.read(numbers) };
}

interface Traced {
  /** What arrived at values: those wanted and the inputs. */
  readonly arrived: ReadonlyMap<string, Flow | null>;
  readonly books: Books;
}

/**
 * Walks relevance back from an output to all inputs.
 *
 * @param input the input that is looked at; other inputs of floating types count as inputs too, the rest as constants
 * @param wanted values whose relevance is of interest beside the inputs'
 */
export function traceBack(
  b: Builder,
  model: Graph,
  input: string,
  output: string,
  start: Flow,
  wanted: readonly string[],
  saturation: boolean,
): Traced {
  const others = model.inputs.filter(({ name, dtype }) => name !== input && isFloating(dtype));
  const roots = [input, ...others.map(({ name }) => name)];
  const carries = carrierOf(b.dtype(input));
  const ledger = new Ledger(b);
  const wires = new Wires(b, input);
  const streams = new Streams(b, roots, carries);
  const walk: Walk = {
    b,
    ledger,
    wires,
    streams,
    vanishing: new Vanishing(model, streams, wires, output),
    wiring: wiring(model),
    saturation,
    biases: new Map(),
  };
  const values = [...new Set([...wanted, ...roots])];
  const arrived = reverse(b, model.nodes, tableOf(walk, carries), new Map([[output, start]]), values);
  const reached = roots.map((root) => arrived.get(root) ?? null).filter((flow) => flow !== null);
  return { arrived, books: ledger.close(output, start, reached) };
}

/** What operators are written out in counts for them. */
const accountable = (walk: Walk): Expansions => {
  const { b, ledger } = walk;
  const own: Expansions = [[isManifold, (node) => inPairs(node, walk)]];
  return [...own, ...(vjp.expansions ?? [])].map(([match, expansion]) => [
    match,
    (node, builder) => {
      const given = withStates(node, builder);
      for (const state of statesOf(given)) walk.streams.join(state);
      const before = b.nodes.length;
      const outputs = expansion(given, builder);
      ledger.owns(node, b.nodes.slice(before));
      return outputs;
    },
  ]);
};

function tableOf(walk: Walk, carries: RuleTable<Flow>['carries'] & {}): RuleTable<Flow> {
  const { b, ledger } = walk;
  return {
    name: 'backtrace',
    rules: rulesOf(walk),
    expansions: accountable(walk),
    carries,
    combine: (flows) =>
      flows[0].map((_, stream) =>
        sumOf(
          b,
          flows.map((flow) => flow[stream]),
        ),
      ),
    conform(flow, value, node) {
      const shape = b.shape(value);
      const own = flow.map((stream) => b.sumTo(stream, shape));
      ledger.move(node, value, own);
      return own;
    },
  };
}
