import { InferenceSession } from 'onnxruntime-node';
import { describe, expect } from 'vitest';
import { Builder } from '../../../src/graph/builder';
import { exportModel } from '../../../src/graph/export';
import type { DataType, Graph, Tensor } from '../../../src/graph/ir';
import { floating, toNumbers } from '../../../src/graph/tensor';
import { vjp } from '../../../src/ops/vjp';
import { reverse } from '../../../src/reverse/driver';
import type { Trial } from '../../support/derivatives';
import { type Draw, property } from '../../support/property';
import { sessionOptions } from '../../support/run';
import * as elementwise from '../../support/trials/elementwise';
import * as indexing from '../../support/trials/indexing';
import * as linear from '../../support/trials/linear';
import * as reduce from '../../support/trials/reduce';
import * as resize from '../../support/trials/resize';
import * as shape from '../../support/trials/shape';

/** The graph with another floating type in the place of float32. */
function inType(graph: Graph, dtype: DataType): Graph {
  const change = <T extends { readonly dtype: DataType }>(value: T): T =>
    value.dtype === 'float32' ? { ...value, dtype } : value;
  const tensor = (value: Tensor): Tensor =>
    value.dtype === 'float32' ? floating(dtype, Array.from(toNumbers(value)), value.shape) : value;
  const factors = new Set(graph.nodes.flatMap(({ op, inputs }) => (op === 'Resize' && inputs[2] ? [inputs[2]] : [])));
  return {
    ...graph,
    inputs: graph.inputs.map(change),
    outputs: graph.outputs.map(change),
    // The factors of a Resize are float32 in every model.
    initializers: new Map(
      [...graph.initializers].map(([name, value]) => [name, factors.has(name) ? value : tensor(value)]),
    ),
    types: new Map([...graph.types].map(([name, value]) => [name, change(value)])),
  };
}

/** The gradients of a graph with all its floats in another type, as onnxruntime's type check sees them. */
async function checkTypes({ graph }: Trial, dtype: DataType): Promise<void> {
  const typed = inType(graph, dtype);
  const b = new Builder(typed);
  const floats = (names: readonly string[]) => names.filter((name) => b.dtype(name) === dtype);
  const wanted = floats(typed.inputs.map(({ name }) => name));
  const seeds = new Map(
    floats(typed.outputs.map(({ name }) => name)).map((name) => [name, b.input(`u_${name}`, dtype, b.shape(name))]),
  );
  const found = reverse(b, typed.nodes, vjp, seeds, wanted);
  const gradients = wanted.flatMap((name) => {
    const gradient = found.get(name);
    return gradient ? [b.alias(gradient, `d_${name}`)] : [];
  });
  b.setOutputs(gradients);
  for (const name of gradients) expect(b.dtype(name)).toBe(dtype);
  if (gradients.length === 0) return;
  try {
    const options = { ...sessionOptions, graphOptimizationLevel: 'disabled', logSeverityLevel: 4 } as const;
    await (await InferenceSession.create(exportModel(b.graph()), options)).release();
  } catch (error) {
    // A type for which a kernel is missing is nothing against the graph.
    if (!/NOT_IMPLEMENTED|Could not find an implementation/.test(String(error))) throw error;
  }
}

const UNARY = Object.keys(elementwise.UNARY);
/** ONNX has Celu for float32 alone. */
const ACTIVATIONS = Object.keys(elementwise.ACTIVATIONS).filter((op) => op !== 'Celu');
const FAMILIES: Readonly<Record<string, (draw: Draw) => Trial | undefined>> = {
  ...Object.fromEntries(UNARY.map((op) => [op, elementwise.unary(op)])),
  ...Object.fromEntries(ACTIVATIONS.map((op) => [op, elementwise.activation(op)])),
  ...Object.fromEntries(Object.keys(reduce.REDUCTIONS).map((op) => [op, reduce.reduce(op)])),
  Pow: elementwise.binary('Pow'),
  'Pow by a constant': elementwise.powConstant,
  Max: elementwise.variadic('Max'),
  Mean: elementwise.variadic('Mean'),
  Where: elementwise.where,
  Clip: elementwise.clip(true),
  'Clip with computed bounds': elementwise.clip(false),
  PRelu: elementwise.pRelu,
  Gelu: elementwise.gelu,
  Softmax: reduce.softmax('Softmax'),
  TopK: reduce.topK,
  CumSum: reduce.cumSum,
  Gather: indexing.gather,
  GatherElements: indexing.gatherElements,
  GatherND: indexing.gatherNd,
  ScatterElements: indexing.scatterElements,
  ScatterND: indexing.scatterNd,
  MatMul: linear.matmul,
  Einsum: linear.einsum(linear.ODD_EQUATIONS),
  Slice: shape.slice,
  'Pad reflect': shape.pad('reflect'),
  'Pad constant': shape.pad('constant'),
  Tile: shape.tile,
  Resize: resize.resize('linear'),
  GridSample: resize.gridSample,
};

describe.each(['float64', 'float16'] as const)('rules keep to %s', (dtype) => {
  for (const [op, draw] of Object.entries(FAMILIES)) property(op, draw, (trial) => checkTypes(trial, dtype), 4);
});
