import { Builder } from '../../graph/builder';
import type { Graph } from '../../graph/ir';
import { type FloatArray, floatArray } from '../../graph/ndarray';
import { prune } from '../../graph/prune';
import { elementCount } from '../../graph/tensor';
import { gradientGraph } from '../../reverse/gradient';
import { itemOf } from '../cam/gradientCam';
import { outputShape, seedOf } from '../gradient';
import type { Attribution, Runtime, Subject } from '../method';
import { type Attentions, attentionsOf, type Item, readRow } from './maps';

/** What the attentions of one item become: a matrix [tokens, tokens], from their weights and the score's gradients. */
export type TokenRule = (b: Builder, layers: readonly TokenLayer[], tokens: number, item: Item) => string;

export interface TokenLayer {
  readonly weights: string;
  /** ∂score/∂weights; asked for where the method says so. */
  readonly gradient: string;
}

interface TokenGraph extends Attentions {
  readonly graph: Graph;
  readonly seed: string;
  readonly output: string;
  /** [1, tokens]: what the tokens that the score reads draw on. */
  readonly row: string;
}

function tokenGraph(subject: Subject, id: string, rule: TokenRule, item: Item): TokenGraph {
  const { graph, score } = subject;
  const found = attentionsOf(subject, id);
  const { layers, tokens } = found;
  const last = layers[layers.length - 1].product;
  const wrt = [...layers.map(({ weights }) => weights), last];
  const { graph: made, gradients, seed, output } = gradientGraph(graph, { output: score.output, wrt, seed: 'weights' });
  const b = new Builder(made);
  const matrix = rule(
    b,
    layers.map(({ weights }) => ({ weights, gradient: gradients.get(weights) as string })),
    tokens,
    item,
  );
  const row = b.alias(readRow(b, matrix, gradients.get(last) as string, item), 'relevance of tokens');
  b.setOutputs([output, row]);
  return { ...found, graph: prune(b.graph()), seed, output, row };
}

/** What a method of attention says: the attribution, and what it gives to all tokens together. */
export interface TokenAttribution extends Attribution {
  readonly all: number;
}

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);

/** Explains by a rule over attention weights; the map is over patches, or over tokens where there are none. */
export async function explainTokens(
  subject: Subject,
  id: string,
  rule: TokenRule,
  runtime: Runtime,
): Promise<TokenAttribution> {
  const { graph, feeds, score, input } = subject;
  const [batch = 1] = feeds.get(input)?.shape ?? [];
  const item = { batch, item: itemOf(score) };
  const key = `${id}/${score.output}/${item.item}`;
  const compiled = runtime.memo(key, () => tokenGraph(subject, id, rule, item));
  const program = await runtime.compile(key, () => compiled.graph);
  runtime.checkCancelled();
  const weights = seedOf(score, outputShape(graph, score.output));
  const results = await program.run(new Map([...feeds, [compiled.seed, weights]]));
  const take = (value: string): FloatArray => results.get(value) as FloatArray;
  const { grid, first, layers } = compiled;
  const output = take(compiled.output);
  const tokens = take(compiled.row).data;
  return {
    of: layers[layers.length - 1].weights,
    map: floatArray(tokens.slice(first, first + elementCount(grid)), grid),
    score: weights.data.reduce((total, weight, index) => (weight ? total + weight * output.data[index] : total), 0),
    output,
    all: sum(tokens),
  };
}
