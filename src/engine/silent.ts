import { int } from '../graph/attributes';
import { Builder } from '../graph/builder';
import { type Graph, typeOf } from '../graph/ir';
import { extract } from '../graph/prune';
import { isFloating } from '../graph/tensor';
import { isElementType, toFloat32 } from '../inputs/elements';
import type { SilentUnits } from '../protocol/source';
import type { Answer } from './explain';
import { channelAxis } from './maps';

/** Activations that are exactly zero over a whole range of inputs. */
const RECTIFIERS: ReadonlySet<string> = new Set(['Relu', 'Clip', 'ThresholdedRelu', 'HardSwish', 'HardSigmoid']);

interface Rectified {
  readonly value: string;
  readonly channels: number;
  readonly shape: readonly number[];
}

function rectified(graph: Graph): Rectified[] {
  return graph.nodes.flatMap(({ op, domain, outputs: [value] }): Rectified[] => {
    const type = typeOf(graph, value);
    if (domain !== '' || !RECTIFIERS.has(op) || !type || !isFloating(type.dtype)) return [];
    const shape = (type.shape ?? []).filter((dim) => typeof dim === 'number');
    const channels = channelAxis(shape);
    return channels === undefined || shape.length !== type.shape?.length ? [] : [{ value, channels, shape }];
  });
}

/** A graph of the largest magnitude of each unit: only that leaves the model, however large its activations are. */
function magnitudes(graph: Graph, layers: readonly Rectified[]): { graph: Graph; outputs: readonly string[] } {
  const b = new Builder(graph);
  const outputs = layers.map(({ value, channels, shape }) => {
    const others = shape.map((_, axis) => axis).filter((axis) => axis !== channels);
    return b.op('ReduceMax', [b.op('Abs', [value]), b.ints(others)], { keepdims: int(0) });
  });
  b.setOutputs(outputs);
  const given = graph.inputs.map(({ name }) => name);
  return { graph: extract(b.graph(), given, outputs), outputs };
}

/**
 * Of every rectified layer, how many units are zero at each location for the input of an explanation: they pass nothing
 * on, and no gradient back. One run of the model.
 */
export async function silentUnits({ prepared }: Answer): Promise<SilentUnits[]> {
  const { specialised, feeds } = prepared;
  const layers = rectified(specialised.graph);
  if (layers.length === 0) return [];
  const { graph, outputs } = magnitudes(specialised.graph, layers);
  const program = await specialised.runtime.compile('silent', () => graph);
  const found = await program.run(feeds, outputs);
  return layers.flatMap(({ value, channels, shape }, index) => {
    const array = found.get(outputs[index]);
    if (!array || !isElementType(array.dtype)) return [];
    const silent = toFloat32(array.dtype, array.data).reduce((sum, most) => sum + Number(most === 0), 0);
    return [{ layer: value, silent, units: shape[channels] }];
  });
}
