import type { Graph } from '../../../src/graph/ir';
import { float32 } from '../../../src/graph/tensor';

/** y = x·W of a row of `size` numbers; W has `factor` on its diagonal. Its weights are large enough to be stored apart. */
export function scaling(factor: number, size = 128): Graph {
  const weights = new Float32Array(size * size);
  for (let i = 0; i < size; i++) weights[i * size + i] = factor;
  return {
    name: 'scaling',
    opsets: { '': 21 },
    inputs: [{ name: 'x', dtype: 'float32', shape: [1, size] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [1, size] }],
    initializers: new Map([['W', float32(weights, [size, size])]]),
    nodes: [{ op: 'MatMul', domain: '', name: 'product', inputs: ['x', 'W'], outputs: ['y'], attributes: {} }],
    types: new Map([['y', { dtype: 'float32', shape: [1, size] }]]),
    metadata: {},
  };
}
