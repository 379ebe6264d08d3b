import { Builder, blankGraph } from '../../graph/builder';
import { type FloatArray, floatArray, type NdArray } from '../../graph/ndarray';
import { prune } from '../../graph/prune';
import { outputShape, seedOf } from '../gradient';
import type { Attribution, Options, Runtime, Subject } from '../method';
import { isUpsampled, itemOf, layerOf } from './gradientCam';
import type { CamLayer } from './layer';
import { rowsOf, shownMap } from './spatial';

/** A subject seen at its layer: what methods without gradients begin with. */
export interface Activations {
  readonly layer: CamLayer;
  /** Maps of the channels: [channels, locations]. */
  readonly rows: FloatArray;
  /** The layer's value as the model computed it. */
  readonly value: NdArray;
  readonly output: FloatArray;
  readonly score: number;
}

/** Runs the model once and keeps what its layer says. */
export async function activationsOf(subject: Subject, options: Options, runtime: Runtime): Promise<Activations> {
  const { graph, score, feeds } = subject;
  const layer = layerOf(subject, options, runtime);
  const item = itemOf(score);
  const rows = `rows(${layer.value})`;
  const program = await runtime.compile(`cam/activations/${score.output}/${layer.value}/${item}`, () => {
    const b = new Builder(graph);
    b.alias(rowsOf(b, layer.value, layer, item), rows);
    b.setOutputs([score.output, layer.value, rows]);
    return prune(b.graph());
  });
  runtime.checkCancelled();
  const results = await program.run(feeds);
  const take = (name: string): FloatArray => results.get(name) as FloatArray;
  const weights = seedOf(score, outputShape(graph, score.output)).data;
  const output = take(score.output);
  const reached = weights.reduce((total, weight, i) => (weight === 0 ? total : total + weight * output.data[i]), 0);
  return { layer, rows: take(rows), value: take(layer.value), output, score: reached };
}

/** The attribution that a raw map, one number a location of the layer, stands for. */
export async function attributionOf(
  subject: Subject,
  options: Options,
  { layer, output, score }: Activations,
  raw: Float32Array,
  runtime: Runtime,
): Promise<Attribution> {
  if (!isUpsampled(subject, options)) return { of: layer.value, map: floatArray(raw, layer.locations), score, output };
  const program = await runtime.compile(`cam/shown/${layer.locations.join('x')}/${layer.input.join('x')}`, () => {
    const { opsets, metadata } = subject.graph;
    const b = new Builder({ ...blankGraph('shown'), opsets, metadata });
    const input = b.input('raw', 'float32', [1, raw.length]);
    b.setOutputs([b.alias(shownMap(b, input, layer), 'shown')]);
    return b.graph();
  });
  const results = await program.run(new Map([['raw', floatArray(raw, [1, raw.length])]]));
  return { of: subject.input, map: results.get('shown') as FloatArray, score, output };
}

/** Adds weight · map to a sum, for a channel of [channels, locations]. */
export function addChannel(sum: Float64Array, rows: FloatArray, channel: number, weight: number): void {
  const start = channel * sum.length;
  for (let place = 0; place < sum.length; place++) sum[place] += weight * rows.data[start + place];
}

/** A sum as a person sees it on the way, at the layer's size. */
export const positivePart = (sum: Float64Array, { locations }: CamLayer): FloatArray =>
  floatArray(
    Float32Array.from(sum, (part) => Math.max(0, part)),
    locations,
  );
