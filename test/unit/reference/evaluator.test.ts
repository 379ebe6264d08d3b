import { describe } from 'vitest';
import { checkForward } from '../../support/forward';
import { property } from '../../support/property';
import { conv, convTranspose } from '../../support/trials/conv';
import * as elementwise from '../../support/trials/elementwise';
import * as indexing from '../../support/trials/indexing';
import { einsum, gemm, matmul, ODD_EQUATIONS } from '../../support/trials/linear';
import * as normalisation from '../../support/trials/normalisation';
import { averagePool, globalPool, lpPool, maxPool } from '../../support/trials/pool';
import { recurrent } from '../../support/trials/recurrent';
import * as reduce from '../../support/trials/reduce';
import * as resize from '../../support/trials/resize';
import * as shape from '../../support/trials/shape';

const agrees = (title: string, make: Parameters<typeof property>[1], runs = 12): void =>
  property(title, make as never, checkForward, runs);

describe('the reference agrees with onnxruntime: windows', () => {
  agrees('Conv', conv, 40);
  agrees('ConvTranspose', convTranspose, 40);
  agrees('MaxPool', maxPool, 40);
  agrees('AveragePool', averagePool, 40);
  agrees('LpPool', lpPool, 20);
  agrees('GlobalAveragePool', globalPool('GlobalAveragePool'));
  agrees('GlobalMaxPool', globalPool('GlobalMaxPool'));
});

describe('the reference agrees with onnxruntime: products', () => {
  agrees('Gemm', gemm);
  agrees('MatMul', matmul);
  agrees('Einsum', einsum(), 20);
  agrees('Einsum with repeated letters and ellipses', einsum(ODD_EQUATIONS), 20);
});

describe('the reference agrees with onnxruntime: elementwise', () => {
  for (const op of Object.keys(elementwise.UNARY)) agrees(op, elementwise.unary(op), 4);
  for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Mod'] as const)
    agrees(op, elementwise.binary(op), 8);
  for (const op of ['Sum', 'Mean', 'Max', 'Min'] as const) agrees(`${op} of many`, elementwise.variadic(op), 8);
  for (const op of ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or', 'Xor']) {
    agrees(op, elementwise.comparison(op), 4);
  }
  for (const op of Object.keys(elementwise.ACTIVATIONS)) agrees(op, elementwise.activation(op), 6);
  agrees('Pow by a constant', elementwise.powConstant);
  agrees('Where', elementwise.where);
  agrees('Cast', elementwise.cast, 4);
  agrees('Clip', elementwise.clip(true));
  agrees('Gelu', elementwise.gelu);
  agrees('PRelu', elementwise.pRelu);
});

describe('the reference agrees with onnxruntime: reductions and normalisation', () => {
  for (const op of Object.keys(reduce.REDUCTIONS)) agrees(op, reduce.reduce(op));
  agrees('ArgMax', reduce.arg('ArgMax'));
  agrees('ArgMin', reduce.arg('ArgMin'));
  agrees('CumSum', reduce.cumSum);
  agrees('TopK', reduce.topK);
  for (const op of ['Softmax', 'LogSoftmax', 'Hardmax']) agrees(op, reduce.softmax(op), 8);
  agrees('BatchNormalization', normalisation.batchNormalization);
  agrees('LayerNormalization', normalisation.layerNormalization);
  agrees('InstanceNormalization', normalisation.instanceNormalization);
  agrees('GroupNormalization', normalisation.groupNormalization);
  agrees('LRN', normalisation.lrn);
  agrees('LpNormalization', normalisation.lpNormalization);
  agrees('MeanVarianceNormalization', normalisation.meanVariance);
});

describe('the reference agrees with onnxruntime: shape and indices', () => {
  agrees('Reshape', shape.reshape);
  agrees('Flatten', shape.flatten);
  agrees('Squeeze', shape.squeeze);
  agrees('Unsqueeze', shape.unsqueeze);
  agrees('Transpose', shape.transpose);
  agrees('Concat', shape.concat);
  agrees('Split', shape.split);
  agrees('Slice', shape.slice, 40);
  for (const mode of ['constant', 'edge', 'reflect', 'wrap'] as const) agrees(`Pad ${mode}`, shape.pad(mode), 20);
  agrees('Expand', shape.expand);
  agrees('Tile', shape.tile);
  agrees('DepthToSpace', shape.blocks('DepthToSpace'));
  agrees('SpaceToDepth', shape.blocks('SpaceToDepth'));
  agrees('Trilu', shape.trilu);
  agrees('ReverseSequence', shape.reverseSequence);
  agrees('Gather', indexing.gather);
  agrees('GatherElements', indexing.gatherElements);
  agrees('GatherND', indexing.gatherNd);
  agrees('ScatterElements', indexing.scatterElements, 20);
  agrees('ScatterND', indexing.scatterNd, 20);
  agrees('OneHot', indexing.oneHot);
});

describe('the reference agrees with onnxruntime: resampling', () => {
  for (const mode of ['nearest', 'linear', 'cubic'] as const) agrees(`Resize ${mode}`, resize.resize(mode), 40);
  agrees('Resize linear with antialias', resize.resize('linear', true), 40);
  agrees('Resize cubic with antialias', resize.resize('cubic', true), 40);
  agrees('Resize of a crop', resize.cropAndResize, 20);
  agrees('Resize that keeps the aspect ratio', resize.keepAspect);
  agrees('GridSample', resize.gridSample, 40);
});

describe('the reference agrees with onnxruntime: recurrent', () => {
  for (const op of ['RNN', 'GRU', 'LSTM'] as const) agrees(op, recurrent(op), 20);
});
