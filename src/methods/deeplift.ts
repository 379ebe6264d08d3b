import { Builder } from '../graph/builder';
import { foldBatchNorm } from '../graph/foldBatchNorm';
import type { Graph } from '../graph/ir';
import { type FloatArray, floatArray } from '../graph/ndarray';
import { prune } from '../graph/prune';
import { reverse } from '../reverse/driver';
import { outputShape, seedOf } from './gradient';
import type { Attribution, Method } from './method';
import type { MaxPoolRule } from './rescale/maximum';
import { pairWithReference } from './rescale/reference';
import { rescaleTable } from './rescale/rules';
import { baselineOf, baselineOption } from './sampling/baseline';
import { feedsWith, varied } from './sampling/varied';
import { sumOf } from './sampling/vectors';

/** One graph of both passes and the multipliers; all names are values of it. */
interface DeepLiftGraph {
  readonly graph: Graph;
  readonly baseline: string;
  readonly weights: string;
  readonly map: string;
  readonly reference: string;
}

function deepLiftGraph(model: Graph, input: string, output: string, maxPool: MaxPoolRule): DeepLiftGraph {
  const paired = pairWithReference(foldBatchNorm(model), input);
  const b = new Builder(paired.graph);
  const weights = b.input('weights', b.dtype(output), b.shape(output));
  const table = rescaleTable(paired, maxPool);
  const multipliers = reverse(b, paired.graph.nodes, table, new Map([[output, weights]]), [input]).get(input);
  const change = b.sub(input, paired.input);
  const map = b.alias(multipliers ? b.mul(multipliers, change) : b.zerosLike(input), `contributions(${input})`);
  const reference = b.alias(paired.reference(output), `reference(${output})`);
  b.setOutputs([output, reference, map]);
  return { graph: prune(b.graph()), baseline: paired.input, weights, map, reference };
}

/** DeepLIFT by the rescale rule, as one graph that runs the model on the input and on its reference. */
export const deepLift: Method = {
  info: {
    id: 'deeplift',
    title: 'DeepLIFT',
    summary: 'How each input value’s difference from a baseline makes the score’s difference, layer by layer.',
    paper: {
      title: 'Learning Important Features Through Propagating Activation Differences',
      url: 'https://arxiv.org/abs/1704.02685',
    },
    family: 'gradient',
    signed: true,
    needs: 'reverse',
    layers: false,
    options: [
      baselineOption,
      {
        key: 'maxpool',
        title: 'Max-pooling',
        help: 'How max-pooling hands differences on. complete: to the maxima of the input and of the baseline, so that the contributions sum to the score’s change. captum: as that package does, which loses some of them where the baseline’s maxima lie elsewhere.',
        type: 'choice',
        default: 'complete',
        choices: ['complete', 'captum'],
      },
    ],
  },

  async explain(given, options, host): Promise<Attribution> {
    const { subject, runtime, x } = await varied(given, host);
    const { graph, input, score } = subject;
    const baseline = baselineOf(x, options.baseline as string, input, runtime, subject.channels);
    const key = `deeplift/${options.maxpool}/${score.output}/${input}`;
    const compiled = runtime.memo(key, () => deepLiftGraph(graph, input, score.output, options.maxpool as MaxPoolRule));
    const program = await runtime.compile(key, () => compiled.graph);
    runtime.checkCancelled();
    const weights = seedOf(score, outputShape(graph, score.output));
    const feeds = feedsWith(subject, x, x.data);
    feeds.set(compiled.baseline, floatArray(baseline, x.shape)).set(compiled.weights, weights);
    const results = await program.run(feeds);
    const take = (name: string): FloatArray => results.get(name) as FloatArray;
    const scoreOf = ({ data }: FloatArray): number =>
      weights.data.reduce((total, weight, i) => (weight === 0 ? total : total + weight * data[i]), 0);
    const output = take(score.output);
    const map = take(compiled.map);
    const actual = sumOf(map.data);
    const expected = scoreOf(output) - scoreOf(take(compiled.reference));
    return {
      of: input,
      map,
      score: scoreOf(output),
      output,
      conservation: {
        what: 'sum of contributions against the score’s change from the baseline',
        expected,
        actual,
        residual: actual - expected,
      },
    };
  },
};
