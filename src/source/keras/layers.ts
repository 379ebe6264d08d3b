/** What operators a layer of Keras becomes, and whether some node always bears its name. */
export interface KerasLayer {
  readonly ops: ReadonlySet<string>;
  readonly always: boolean;
}

const CONV = ['Conv', 'ConvInteger', 'QLinearConv', 'FusedConv', 'Relu', 'Sigmoid', 'Tanh', 'Softmax', 'Elu', 'Selu'];
const PLUS = ['Add', 'Mul', 'Clip', 'LeakyRelu', 'Softplus', 'Gelu', 'Erf', 'HardSigmoid', 'HardSwish', 'Pow'];
const DENSE = ['MatMul', 'Gemm', 'Einsum', ...CONV.slice(4), ...PLUS];
const NORM = ['BatchNormalization', 'Mul', 'Add', 'Sub', 'Div', 'Conv', 'Gemm', 'Reciprocal', 'Sqrt'];
const ACTIVATIONS = [...CONV.slice(4), ...PLUS, 'Div', 'Sub', 'Min', 'Max', 'LogSoftmax', 'Softsign', 'Exp', 'Neg'];
const AVERAGE = ['AveragePool', 'GlobalAveragePool', 'ReduceMean'];

const rows: readonly (readonly [types: string, ops: readonly string[], always: boolean])[] = [
  ['Conv1D Conv2D Conv3D DepthwiseConv1D DepthwiseConv2D', [...CONV, ...PLUS], true],
  ['SeparableConv1D SeparableConv2D', [...CONV, ...PLUS], true],
  ['Conv1DTranspose Conv2DTranspose Conv3DTranspose', ['ConvTranspose', ...CONV.slice(4), ...PLUS], true],
  ['Dense', DENSE, true],
  ['EinsumDense', DENSE, true],
  ['BatchNormalization', NORM, false],
  ['LayerNormalization', ['LayerNormalization', 'ReduceMean', 'Pow', ...NORM], true],
  ['GroupNormalization', ['GroupNormalization', 'InstanceNormalization', 'ReduceMean', ...NORM], true],
  ['ReLU', ['Relu', 'Clip', 'LeakyRelu', 'Min', 'Max'], true],
  ['LeakyReLU', ['LeakyRelu'], true],
  ['PReLU', ['PRelu', 'Relu', 'Neg', 'Mul', 'Add'], true],
  ['ELU', ['Elu'], true],
  ['Softmax', ['Softmax'], true],
  ['Activation', ACTIVATIONS, false],
  ['MaxPooling1D MaxPooling2D MaxPooling3D MaxPool2D', ['MaxPool'], true],
  ['AveragePooling1D AveragePooling2D AveragePooling3D AvgPool2D', AVERAGE, true],
  ['GlobalAveragePooling1D GlobalAveragePooling2D GlobalAvgPool2D', AVERAGE, true],
  ['GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPool2D', ['ReduceMax', 'GlobalMaxPool', 'MaxPool'], true],
  ['Add', ['Add', 'Sum'], true],
  ['Subtract', ['Sub'], true],
  ['Multiply', ['Mul'], true],
  ['Average', ['Add', 'Sum', 'Mul', 'Div', 'Mean'], true],
  ['Maximum', ['Max'], true],
  ['Minimum', ['Min'], true],
  ['Concatenate', ['Concat'], true],
  ['UpSampling1D UpSampling2D UpSampling3D', ['Resize', 'Upsample', 'Tile'], true],
  ['Embedding', ['Gather'], true],
  ['LSTM', ['LSTM'], false],
  ['GRU', ['GRU'], false],
  ['Rescaling', ['Mul', 'Add'], false],
  ['Flatten Reshape Permute Dropout SpatialDropout2D GaussianNoise', ['Identity'], false],
  ['ZeroPadding1D ZeroPadding2D Cropping2D InputLayer', ['Pad', 'Identity', 'Slice'], false],
];

const layers: ReadonlyMap<string, KerasLayer> = new Map(
  rows.flatMap(([types, ops, always]) =>
    types.split(' ').map((type) => [type, { ops: new Set(ops), always }] as const),
  ),
);

/** Names that Keras has for one class: the first is the one that its layers are called after. */
const ALIASES: Readonly<Record<string, string>> = {
  AvgPool1D: 'AveragePooling1D',
  AvgPool2D: 'AveragePooling2D',
  AvgPool3D: 'AveragePooling3D',
  Convolution1D: 'Conv1D',
  Convolution2D: 'Conv2D',
  Convolution2DTranspose: 'Conv2DTranspose',
  Convolution3D: 'Conv3D',
  GlobalAvgPool1D: 'GlobalAveragePooling1D',
  GlobalAvgPool2D: 'GlobalAveragePooling2D',
  GlobalMaxPool1D: 'GlobalMaxPooling1D',
  GlobalMaxPool2D: 'GlobalMaxPooling2D',
  MaxPool1D: 'MaxPooling1D',
  MaxPool2D: 'MaxPooling2D',
  MaxPool3D: 'MaxPooling3D',
  SeparableConvolution2D: 'SeparableConv2D',
};

/** The class that a name of Keras stands for. */
export const kerasClass = (type: string): string => ALIASES[type] ?? type;

/** What Keras' layer of a class becomes; undefined for one that this table does not know. */
export const kerasLayer = (type: string): KerasLayer | undefined => layers.get(type);
