import { getInt, getInts, getString } from '../../../src/graph/attributes';
import type { Node } from '../../../src/graph/ir';
import { ndarray, sizeOf } from './array';
import type { Family, Operator } from './operator';
import { extentOf, type Geometry, geometryOf, windowTable } from './windows';

/**
 * The windows of one group's channels as rows: row p holds, channel by channel, what each tap reads at output
 * position p; zero in the padding.
 */
function gatherRows(x: Float64Array, start: number, channels: number, cells: number, table: Int32Array, taps: number) {
  const positions = table.length / taps;
  const width = channels * taps;
  const rows = new Float64Array(positions * width);
  for (let p = 0; p < positions; p++) {
    for (let c = 0; c < channels; c++) {
      const from = start + c * cells;
      const to = p * width + c * taps;
      for (let t = 0; t < taps; t++) {
        const cell = table[p * taps + t];
        if (cell >= 0) rows[to + t] = x[from + cell];
      }
    }
  }
  return rows;
}

/** The adjoint of {@link gatherRows}: adds the rows' elements to the cells that the taps read. */
function scatterRows(
  rows: Float64Array,
  out: Float64Array,
  start: number,
  channels: number,
  cells: number,
  table: Int32Array,
  taps: number,
): void {
  const width = channels * taps;
  for (let p = 0; p < table.length / taps; p++) {
    for (let k = 0; k < width; k++) {
      const cell = table[p * taps + (k % taps)];
      if (cell >= 0) out[start + Math.floor(k / taps) * cells + cell] += rows[p * width + k];
    }
  }
}

function dot(a: Float64Array, i: number, b: Float64Array, j: number, length: number): number {
  let s0 = 0;
  let s1 = 0;
  let k = 0;
  for (; k + 1 < length; k += 2) {
    s0 += a[i + k] * b[j + k];
    s1 += a[i + k + 1] * b[j + k + 1];
  }
  return k < length ? s0 + s1 + a[i + k] * b[j + k] : s0 + s1;
}

const conv: Operator = ({ node, input, inputs }) => {
  const [x, w, bias] = [input(0), input(1), inputs[2]];
  const groups = getInt(node, 'group', 1);
  const [batch, channels, ...spatial] = x.shape;
  const [outChannels, groupChannels, ...kernel] = w.shape;
  if (channels !== groupChannels * groups) throw new Error(`Conv of [${x.shape}] with [${w.shape}], ${groups} groups`);
  const geometry = geometryOf(node, spatial, kernel);
  const table = windowTable(geometry);
  const taps = sizeOf(kernel);
  const width = groupChannels * taps;
  const cells = sizeOf(spatial);
  const positions = sizeOf(geometry.output);
  const groupOut = outChannels / groups;
  const out = new Float64Array(batch * outChannels * positions);
  for (let n = 0; n < batch; n++) {
    for (let g = 0; g < groups; g++) {
      const rows = gatherRows(x.data, (n * channels + g * groupChannels) * cells, groupChannels, cells, table, taps);
      for (let m = g * groupOut; m < (g + 1) * groupOut; m++) {
        const to = (n * outChannels + m) * positions;
        for (let p = 0; p < positions; p++) {
          out[to + p] = dot(rows, p * width, w.data, m * width, width) + (bias ? bias.data[m] : 0);
        }
      }
    }
  }
  return [ndarray(x.dtype, [batch, outChannels, ...geometry.output], out)];
};

/** The convolution whose transpose the node is: its input is the node's output. */
function transposedGeometry(node: Node, spatial: readonly number[], kernel: readonly number[]): Geometry {
  const rank = kernel.length;
  const strides = getInts(node, 'strides') ?? kernel.map(() => 1);
  const dilations = getInts(node, 'dilations') ?? kernel.map(() => 1);
  const extra = getInts(node, 'output_padding') ?? kernel.map(() => 0);
  const auto = getString(node, 'auto_pad', 'NOTSET');
  const same = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
  const pads = auto === 'VALID' ? undefined : getInts(node, 'pads');
  const full = spatial.map((size, i) => (size - 1) * strides[i] + extra[i] + extentOf(kernel[i], dilations[i]));
  const wanted = getInts(node, 'output_shape') ?? (same ? spatial.map((size, i) => size * strides[i]) : undefined);
  if (!wanted) {
    const before = pads?.slice(0, rank) ?? kernel.map(() => 0);
    const after = pads?.slice(rank) ?? kernel.map(() => 0);
    const input = full.map((size, i) => size - before[i] - after[i]);
    return { input, kernel, strides, dilations, before, after, output: spatial };
  }
  // Strides beyond the kernel would take negative padding; onnxruntime then leaves the output smaller.
  const total = full.map((size, i) => Math.max(0, size - wanted.slice(-rank)[i]));
  const input = full.map((size, i) => size - total[i]);
  const small = total.map((pad) => Math.floor(pad / 2));
  const large = total.map((pad, i) => pad - small[i]);
  const [before, after] = auto === 'SAME_UPPER' ? [small, large] : [large, small];
  return { input, kernel, strides, dilations, before, after, output: spatial };
}

const convTranspose: Operator = ({ node, input, inputs }) => {
  const [x, w, bias] = [input(0), input(1), inputs[2]];
  const groups = getInt(node, 'group', 1);
  const [batch, channels, ...spatial] = x.shape;
  const [, groupOut, ...kernel] = w.shape;
  if (channels !== w.shape[0]) throw new Error(`ConvTranspose of [${x.shape}] with [${w.shape}]`);
  const geometry = transposedGeometry(node, spatial, kernel);
  const table = windowTable(geometry);
  const taps = sizeOf(kernel);
  const positions = sizeOf(spatial);
  const cells = sizeOf(geometry.input);
  const outChannels = groupOut * groups;
  const groupIn = channels / groups;
  const width = groupOut * taps;
  const out = new Float64Array(batch * outChannels * cells);
  for (let n = 0; n < batch; n++) {
    for (let g = 0; g < groups; g++) {
      // Row p holds what position p adds, by output channel and tap.
      const rows = new Float64Array(positions * width);
      for (let c = g * groupIn; c < (g + 1) * groupIn; c++) {
        for (let p = 0; p < positions; p++) {
          const value = x.data[(n * channels + c) * positions + p];
          for (let k = 0; k < width; k++) rows[p * width + k] += value * w.data[c * width + k];
        }
      }
      scatterRows(rows, out, (n * outChannels + g * groupOut) * cells, groupOut, cells, table, taps);
    }
    for (let m = 0; bias && m < outChannels; m++) {
      for (let cell = 0; cell < cells; cell++) out[(n * outChannels + m) * cells + cell] += bias.data[m];
    }
  }
  return [ndarray(x.dtype, [batch, outChannels, ...geometry.input], out)];
};

export const convolution: Family = { Conv: conv, ConvTranspose: convTranspose };
