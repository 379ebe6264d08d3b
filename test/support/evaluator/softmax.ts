import { getInt } from '../../../src/graph/attributes';
import { axisOf, lanes, ndarray } from './array';
import type { Family, Operator } from './operator';

/** Maps each lane along the node's axis as a whole; `axis` is -1 by default. */
const laneWise =
  (f: (lane: Float64Array) => Float64Array): Operator =>
  ({ node, input }) => {
    const x = input(0);
    const { starts, length, step } = lanes(x.shape, axisOf(getInt(node, 'axis', -1), x.shape.length));
    const out = new Float64Array(x.data.length);
    for (const start of starts) {
      const lane = Float64Array.from({ length }, (_, i) => x.data[start + i * step]);
      f(lane).forEach((value, i) => {
        out[start + i * step] = value;
      });
    }
    return [ndarray(x.dtype, x.shape, out)];
  };

function logSoftmax(lane: Float64Array): Float64Array {
  const max = lane.reduce((a, b) => Math.max(a, b));
  const logSum = Math.log(lane.reduce((sum, x) => sum + Math.exp(x - max), 0));
  return lane.map((x) => x - max - logSum);
}

const hardmax = (lane: Float64Array): Float64Array => {
  const best = lane.indexOf(lane.reduce((a, b) => Math.max(a, b)));
  return lane.map((_, i) => Number(i === best));
};

export const softmax: Family = {
  Softmax: laneWise((lane) => logSoftmax(lane).map(Math.exp)),
  LogSoftmax: laneWise(logSoftmax),
  Hardmax: laneWise(hardmax),
};
