import { describe } from 'vitest';
import { checkGradient, inDouble, type Trial } from '../../support/derivatives';
import { type Draw, property } from '../../support/property';
import { conv, convTranspose } from '../../support/trials/conv';
import * as elementwise from '../../support/trials/elementwise';
import * as indexing from '../../support/trials/indexing';
import { einsum, gemm, matmul } from '../../support/trials/linear';
import * as normalisation from '../../support/trials/normalisation';
import { averagePool, globalPool, lpPool, maxPool } from '../../support/trials/pool';
import * as reduce from '../../support/trials/reduce';
import { resize } from '../../support/trials/resize';
import * as shape from '../../support/trials/shape';

type Make = (draw: Draw) => Trial | undefined;

const TRIALS: Readonly<Record<string, Make>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalAveragePool: globalPool('GlobalAveragePool'),
  GlobalMaxPool: globalPool('GlobalMaxPool'),
  Gemm: gemm,
  MatMul: matmul,
  Einsum: einsum(),
  ...Object.fromEntries(Object.keys(elementwise.UNARY).map((op) => [op, elementwise.unary(op)])),
  ...Object.fromEntries(Object.keys(elementwise.ACTIVATIONS).map((op) => [op, elementwise.activation(op)])),
  Div: elementwise.binary('Div'),
  Pow: elementwise.binary('Pow'),
  Max: elementwise.binary('Max'),
  'Max of many': elementwise.variadic('Max'),
  Mean: elementwise.variadic('Mean'),
  'Pow by a constant': elementwise.powConstant,
  Where: elementwise.where,
  Clip: elementwise.clip(true),
  'Clip with computed bounds': elementwise.clip(false),
  Gelu: elementwise.gelu,
  PRelu: elementwise.pRelu,
  ...Object.fromEntries(Object.keys(reduce.REDUCTIONS).map((op) => [op, reduce.reduce(op)])),
  CumSum: reduce.cumSum,
  TopK: reduce.topK,
  Softmax: reduce.softmax('Softmax'),
  LogSoftmax: reduce.softmax('LogSoftmax'),
  Concat: shape.concat,
  Split: shape.split,
  Slice: shape.slice,
  'Pad constant': shape.pad('constant'),
  'Pad reflect': shape.pad('reflect'),
  Tile: shape.tile,
  Gather: indexing.gather,
  GatherElements: indexing.gatherElements,
  GatherND: indexing.gatherNd,
  ScatterElements: indexing.scatterElements,
  ScatterND: indexing.scatterNd,
  'Resize linear': resize('linear'),
  'Resize nearest': resize('nearest'),
  'Resize cubic': resize('cubic'),
  BatchNormalization: normalisation.batchNormalization,
  LayerNormalization: normalisation.layerNormalization,
  InstanceNormalization: normalisation.instanceNormalization,
  GroupNormalization: normalisation.groupNormalization,
  LRN: normalisation.lrn,
  LpNormalization: normalisation.lpNormalization,
  MeanVarianceNormalization: normalisation.meanVariance,
};

/** onnxruntime has no double kernels for many operators: these run in the reference alone. */
describe('gradients of float64 models keep their type', () => {
  for (const [op, make] of Object.entries(TRIALS)) {
    const double: Make = (draw) => {
      const trial = make(draw);
      return trial && inDouble(trial);
    };
    property(op, double, (trial) => checkGradient(trial, { runtime: false }), 4);
  }
});
