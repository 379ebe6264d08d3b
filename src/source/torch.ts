/** What operators a layer of PyTorch becomes, and whether it always leaves one: folded or idle layers leave none. */
interface Exported {
  readonly ops: ReadonlySet<string>;
  readonly always: boolean;
}

const CONV = ['Conv', 'ConvInteger', 'QLinearConv', 'FusedConv'];
const LINEAR = ['Gemm', 'MatMul', 'Add', 'MatMulInteger', 'QLinearMatMul', 'QGemm', 'FusedGemm', 'FusedMatMul'];
const POOL_AVERAGE = ['AveragePool', 'GlobalAveragePool', 'ReduceMean'];
const NORM = ['BatchNormalization', 'InstanceNormalization', 'Conv', 'Mul', 'Add', 'Sub', 'Div', 'Gemm'];

const rows: readonly (readonly [types: string, ops: readonly string[], always: boolean])[] = [
  ['Conv1d Conv2d Conv3d LazyConv1d LazyConv2d LazyConv3d', CONV, true],
  ['ConvTranspose1d ConvTranspose2d ConvTranspose3d', ['ConvTranspose'], true],
  ['Linear LazyLinear', LINEAR, true],
  ['Bilinear', ['Einsum', 'MatMul', 'Add'], true],
  ['BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d', NORM, false],
  ['LayerNorm', ['LayerNormalization', 'ReduceMean', 'Sub', 'Div', 'Mul', 'Add', 'Pow', 'Sqrt'], true],
  ['GroupNorm', ['GroupNormalization', 'InstanceNormalization', 'Reshape', 'Mul', 'Add'], true],
  ['ReLU', ['Relu', 'Clip'], true],
  ['ReLU6', ['Clip', 'Relu', 'Min'], true],
  ['Hardtanh', ['Clip'], true],
  ['LeakyReLU', ['LeakyRelu'], true],
  ['PReLU', ['PRelu'], true],
  ['ELU', ['Elu'], true],
  ['SELU', ['Selu'], true],
  ['CELU', ['Celu'], true],
  ['GELU', ['Gelu', 'Erf', 'Div', 'Mul', 'Add', 'Tanh', 'Pow'], true],
  ['SiLU', ['Sigmoid', 'Mul', 'Swish', 'Silu'], true],
  ['Hardswish', ['HardSwish', 'HardSigmoid', 'Mul', 'Clip', 'Add', 'Div'], true],
  ['Hardsigmoid', ['HardSigmoid', 'Clip', 'Add', 'Div', 'Mul'], true],
  ['Mish', ['Mish', 'Softplus', 'Tanh', 'Mul'], true],
  ['Sigmoid', ['Sigmoid'], true],
  ['Tanh', ['Tanh'], true],
  ['Softplus', ['Softplus'], true],
  ['Softmax Softmax2d', ['Softmax'], true],
  ['LogSoftmax', ['LogSoftmax'], true],
  ['MaxPool1d MaxPool2d MaxPool3d', ['MaxPool'], true],
  ['AvgPool1d AvgPool2d AvgPool3d', POOL_AVERAGE, true],
  ['AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d', POOL_AVERAGE, false],
  ['AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d', ['MaxPool', 'GlobalMaxPool', 'ReduceMax'], false],
  ['Upsample UpsamplingNearest2d UpsamplingBilinear2d', ['Resize', 'Upsample'], true],
  ['PixelShuffle', ['DepthToSpace', 'Reshape', 'Transpose'], true],
  ['Embedding', ['Gather'], true],
  ['LSTM', ['LSTM'], true],
  ['GRU', ['GRU'], true],
  ['RNN', ['RNN'], true],
  ['Dropout Dropout1d Dropout2d Dropout3d AlphaDropout Identity', ['Dropout', 'Identity'], false],
  ['Flatten Unflatten', ['Flatten', 'Reshape'], false],
  ['ZeroPad2d ConstantPad1d ConstantPad2d ReflectionPad1d ReflectionPad2d ReplicationPad2d', ['Pad'], false],
];

const layers: ReadonlyMap<string, Exported> = new Map(
  rows.flatMap(([types, ops, always]) =>
    types.split(' ').map((type) => [type, { ops: new Set(ops), always }] as const),
  ),
);

/** What PyTorch's layer of a name becomes; undefined for one that this table does not know. */
export const exportedAs = (type: string): Exported | undefined => layers.get(type);

/** Operators that stand beside any layer: shapes, types, constants. */
export const BESIDES: ReadonlySet<string> = new Set([
  'Cast',
  'Concat',
  'Constant',
  'ConstantOfShape',
  'DequantizeLinear',
  'Equal',
  'Expand',
  'Floor',
  'Gather',
  'Identity',
  'Pad',
  'QuantizeLinear',
  'Range',
  'Reshape',
  'Shape',
  'Slice',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
  'Where',
]);
