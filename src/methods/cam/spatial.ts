import type { Builder } from '../../graph/builder';
import { elementCount } from '../../graph/tensor';
import { castTo } from '../../ops/common';
import type { CamLayer } from './layer';

/** The layer's maps, or what is laid out like them: [channels, locations] of one item of the batch, as float32. */
export function rowsOf(b: Builder, x: string, layer: CamLayer, item: number): string {
  const { shape, batch, channels, places, locations, first } = layer;
  const sizes = (axes: readonly number[]): number => elementCount(axes.map((axis) => shape[axis]));
  const order = [...(batch === undefined ? [] : [batch]), ...channels, ...places];
  const count = batch === undefined ? 1 : shape[batch];
  const turned = b.reshape(b.transpose(x, order), [count, sizes(channels), sizes(places)]);
  const start = Math.min(item, count - 1);
  const single = count === 1 ? turned : b.slice(turned, [0], [start], [start + 1]);
  const rows = b.reshape(single, [sizes(channels), sizes(places)]);
  const wanted = elementCount(locations);
  const inside = wanted === sizes(places) ? rows : b.slice(rows, [1], [first], [first + wanted]);
  return castTo(b, inside, 'float32');
}

/**
 * Weights of linear interpolation from n to m points: [m, n]. Points are the centres of cells of equal width (half-pixel
 * alignment); beyond the outermost centres the border goes on.
 */
function interpolation(n: number, m: number): Float32Array {
  const weights = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    const place = Math.min(n - 1, Math.max(0, ((i + 0.5) * n) / m - 0.5));
    const left = Math.floor(place);
    const share = place - left;
    weights[i * n + left] += 1 - share;
    if (share > 0) weights[i * n + left + 1] += share;
  }
  return weights;
}

/** Maps [maps, locations] interpolated to other sizes, axis by axis: [maps, …sizes]. */
function upsample(b: Builder, maps: string, from: readonly number[], to: readonly number[]): string {
  const [count] = b.shape(maps);
  const done: number[] = [count];
  let value = maps;
  from.forEach((size, axis) => {
    const before = elementCount(done);
    const behind = elementCount(from.slice(axis + 1));
    if (size !== to[axis]) {
      const matrix = b.floats(interpolation(size, to[axis]), [to[axis], size]);
      value = b.matmul(matrix, b.reshape(value, [before, size, behind]));
    }
    done.push(to[axis]);
  });
  return b.reshape(value, done);
}

/** The same outside of a graph, for one map. */
export function enlarged(map: Float32Array, from: readonly number[], to: readonly number[]): Float32Array {
  let value = map;
  from.forEach((size, axis) => {
    const wanted = to[axis];
    if (size === wanted) return;
    const matrix = interpolation(size, wanted);
    const behind = elementCount(from.slice(axis + 1));
    const before = value.length / (size * behind);
    const result = new Float32Array(before * wanted * behind);
    for (let o = 0; o < before; o++) {
      for (let i = 0; i < wanted; i++) {
        for (let k = 0; k < size; k++) {
          const weight = matrix[i * size + k];
          if (weight === 0) continue;
          for (let r = 0; r < behind; r++)
            result[(o * wanted + i) * behind + r] += weight * value[(o * size + k) * behind + r];
        }
      }
    }
    value = result;
  });
  return value;
}

/** What a person sees of a raw map [1, locations]: its positive part over the input's locations. */
export const shownMap = (b: Builder, raw: string, { locations, input }: CamLayer): string =>
  b.reshape(upsample(b, b.op('Relu', [raw]), locations, input), input);
