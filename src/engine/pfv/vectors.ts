import { PrismError } from '../../graph/errors';
import { typeOf } from '../../graph/ir';
import { type FloatArray, floatArray } from '../../graph/ndarray';
import { isElementType, toFloat32 } from '../../inputs/elements';
import type { PfvLayer } from '../../methods/method';
import { elementsAt } from '../../methods/sampling/varied';
import type { ScalarMap } from '../../protocol';
import { mapOfLocations } from '../maps';
import type { Prepared } from '../subject';

/** The PFVs of a layer: its value read location by location. */
export interface Vectors {
  readonly channels: number;
  /** Sizes of the location axes. */
  readonly locations: readonly number[];
  /** One component of the PFV at a location, which is counted along the location axes, the last fastest. */
  at(location: number, channel: number): number;
}

/** For each place along some axes, the last fastest, where its elements begin. */
function offsets(shape: readonly number[], axes: readonly number[]): Int32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  let found = Int32Array.of(0);
  for (const axis of axes) {
    const next = new Int32Array(found.length * shape[axis]);
    for (const [i, start] of found.entries()) {
      for (let j = 0; j < shape[axis]; j++) next[i * shape[axis] + j] = start + j * strides[axis];
    }
    found = next;
  }
  return found;
}

/** @param channels the axes over channels; all others but the batch's run over locations */
export function vectorsOf({ data, shape }: FloatArray, channels: readonly number[]): Vectors {
  const along = shape.flatMap((_, axis) => (axis > 0 && !channels.includes(axis) ? [axis] : []));
  const places = offsets(shape, along);
  const parts = offsets(shape, channels);
  return {
    channels: parts.length,
    locations: along.map((axis) => shape[axis]),
    at: (location, channel) => data[places[location] + parts[channel]],
  };
}

/** The flat location of a position. */
export const flatLocation = (position: readonly number[], locations: readonly number[]): number =>
  position.reduce((flat, at, axis) => flat * locations[axis] + at, 0);

/** One channel over all locations. */
export function channelPlane(vectors: Vectors, channel: number): ScalarMap {
  const count = vectors.locations.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: count }, (_, location) => vectors.at(location, channel));
  return mapOfLocations(floatArray(data, vectors.locations));
}

/**
 * The value of a layer as the model computes it for what was given.
 *
 * @throws PrismError PFV_UNKNOWN_LAYER where the model has no such value, UNSUPPORTED_TYPE
 */
export async function layerValue({ specialised, feeds, input }: Prepared, layer: string): Promise<FloatArray> {
  const { graph, runtime } = specialised;
  if (typeOf(graph, layer) === undefined) {
    throw new PrismError('PFV_UNKNOWN_LAYER', `${layer} is no value of the model itself: its channels are not known`, {
      value: layer,
    });
  }
  // The score plays no part in a forward pass.
  const array = await elementsAt({ graph, feeds, input, score: { output: '', select: [] } }, layer, runtime);
  if (!isElementType(array.dtype)) throw new PrismError('UNSUPPORTED_TYPE', `${layer} is of type ${array.dtype}`);
  return floatArray(toFloat32(array.dtype, array.data), array.shape);
}

/** The layer of that name. Throws PFV_UNKNOWN_LAYER. */
export function layerNamed(layers: readonly PfvLayer[], value: string): PfvLayer {
  const found = layers.find((layer) => layer.value === value);
  if (found) return found;
  throw new PrismError('PFV_UNKNOWN_LAYER', `this explanation has no layer ${value}`, { value });
}
