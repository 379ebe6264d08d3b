import { Builder } from '../../graph/builder';
import { PrismError } from '../../graph/errors';
import { type Graph, typeOf, wiring } from '../../graph/ir';
import { prune } from '../../graph/prune';
import { isFloating } from '../../graph/tensor';
import type { Expansions, RuleTable } from '../../ops/rule';
import { vjp } from '../../ops/vjp';
import { reverse } from '../../reverse/driver';
import type { LedgerEntry } from '../method';
import { Wires } from '../relevance/wires';
import { type Flow, sumOf } from './flow';
import { Ledger } from './ledger';
import { rulesOf, type Walk } from './operators';
import { type StartOptions, startOf } from './start';
import { carrierOf, Streams } from './streams';

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
  readonly ledger: string;
  /** What became of relevance at every node, from the values of `ledger`. */
  read(numbers: ArrayLike<number>): LedgerEntry[];
  /** Σ of all relevance of the model's inputs, shape [1]. */
  readonly arrived: string;
  /** Σ of all relevance of the output, shape [1]. */
  readonly started: string;
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
  const roots = [
    input,
    ...model.inputs.flatMap(({ name, dtype }) => (name !== input && isFloating(dtype) ? [name] : [])),
  ];
  const carries = carrierOf(b.dtype(input));
  const seed = b.input('weights', isFloating(b.dtype(output)) ? b.dtype(output) : 'float32', b.shape(output));
  const own = wiring(model);
  const ledger = new Ledger(b);
  const chosen = { output, weights: seed, axis: request.axis, isMap: request.isMap };
  const walk: Walk = {
    b,
    ledger,
    wires: new Wires(b, input),
    streams: new Streams(b, roots, carries),
    wiring: own,
    saturation: request.saturation,
    biases: new Map(),
  };
  const start = startOf(b, chosen, request.start, own);
  const wanted = [...new Set([of, ...roots])];
  const arrived = reverse(b, model.nodes, tableOf(walk, carries), new Map([[output, start]]), wanted);
  const flowTo = (value: string): Flow | null => (arrived.get(value) as Flow | null | undefined) ?? null;
  const relevance = start.map((_, stream) => {
    const flow = flowTo(of);
    const name = start.length === 1 ? 'relevance' : ['relevance for', 'relevance against'][stream];
    const value = flow ? flow[stream] : b.expand(b.float(0), b.shape(of));
    return b.alias(value, `${name}(${of})`);
  });
  const totals = roots.flatMap((root) => flowTo(root)?.map((stream) => ledger.total(stream)) ?? []);
  const books = ledger.close(output, start);
  const values = b.alias(books.values, 'ledger of relevance');
  const total = b.alias(totals.length > 0 ? sumOf(b, totals) : b.floats([0]), 'relevance of the inputs');
  const started = b.alias(
    sumOf(
      b,
      start.map((stream) => ledger.total(stream)),
    ),
    'relevance of the output',
  );
  b.setOutputs([output, ...relevance, values, total, started]);
  return {
    graph: prune(b.graph()),
    seed,
    output,
    relevance,
    ledger: values,
    read: (numbers) => books.read(numbers),
    arrived: total,
    started,
  };
}

/** What operators are written out in counts for them. */
const accountable = ({ b, ledger }: Walk): Expansions =>
  (vjp.expansions ?? []).map(([match, expansion]) => [
    match,
    (node, builder) => {
      const before = b.nodes.length;
      const outputs = expansion(node, builder);
      ledger.owns(node, b.nodes.slice(before));
      return outputs;
    },
  ]);

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
