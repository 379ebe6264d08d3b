import { EXPANSIONS } from '../src/graph/opset/expand';
import { UPGRADES } from '../src/graph/opset/upgrade';
import { none } from '../src/ops/common';
import { vjp } from '../src/ops/vjp';

/** The operators of ONNX itself (opsets 7 to 25) and those of ai.onnx.ml, by which the page says what is missing. */
const ONNX = `
Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool BatchNormalization Bernoulli
BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Cast CastLike Ceil Celu CenterCropPad Clip Col2Im
Compress Concat ConcatFromSequence Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DFT DeformConv
DepthToSpace DequantizeLinear Det Div Dropout DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor
GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual
GridSample GroupNormalization HammingWindow HannWindow HardSigmoid HardSwish Hardmax Identity If ImageDecoder
InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Loop
LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization
MelWeightMatrix Min Mish Mod Mul Multinomial Neg NegativeLogLikelihoodLoss NonMaxSuppression NonZero Not OneHot Optional
OptionalGetElement OptionalHasElement Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN
RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum
ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare RegexFullMatch Relu Reshape Resize
ReverseSequence RoiAlign RotaryEmbedding Round STFT Scan Scatter ScatterElements ScatterND Selu SequenceAt
SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SequenceMap Shape Shrink Sigmoid Sign Sin
Sinh Size Slice Softmax SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze
StringConcat StringNormalizer StringSplit Sub Sum Swish Tan Tanh TensorScatter TfIdfVectorizer ThresholdedRelu Tile TopK
Transpose Trilu Unique Unsqueeze Upsample Where Xor
`
  .trim()
  .split(/\s+/);

const ML = `
ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer Imputer LabelEncoder
LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble
TreeEnsembleClassifier TreeEnsembleRegressor ZipMap
`
  .trim()
  .split(/\s+/)
  .map((name) => `ai.onnx.ml:${name}`);

/** Written out or folded when a graph is specialised. */
const WRITTEN_OUT = ['Constant', 'If', 'Loop', 'Scan'];

/** Without inputs that could have a gradient. */
const SOURCES = ['BlackmanWindow', 'HammingWindow', 'HannWindow', 'MelWeightMatrix', 'RandomNormal', 'RandomUniform'];

/** Upgrades that give an operator of old opsets another name. */
const RENAMED = ['Scatter', 'Upsample'];

const WIDTH = 140;

/** Names in alphabetical order, in lines of readable length. */
function list(names: Iterable<string>): string {
  const lines = [''];
  const sorted = [...names].sort((a, b) => a.localeCompare(b, 'en'));
  for (const [index, name] of sorted.entries()) {
    const word = `\`${name}\`${index < sorted.length - 1 ? ',' : ''}`;
    const last = lines.length - 1;
    if (lines[last].length + word.length >= WIDTH) lines.push(word);
    else lines[last] += lines[last] === '' ? word : ` ${word}`;
  }
  return lines.join('\n');
}

/** The page docs/operators.md, from the table of the gradient. */
export function operatorsPage(): string {
  const names = (rules: readonly (readonly [unknown, unknown])[]): string[] =>
    rules.flatMap(([match]) => (typeof match === 'string' ? [match] : []));
  const flat = new Set([...names(vjp.rules.filter(([, rule]) => rule === none)), ...SOURCES]);
  const ruled = new Set(names(vjp.rules).filter((name) => !flat.has(name)));
  const expanded = new Set([...names(vjp.expansions ?? []), ...WRITTEN_OUT]);
  const renewed = new Set([...EXPANSIONS.keys(), ...RENAMED].filter((name) => !ruled.has(name)));
  for (const name of RENAMED) if (!UPGRADES.has(name)) throw new Error(`${name} has no upgrade`);
  const covered = new Set([...flat, ...ruled, ...expanded, ...renewed]);
  const missing = [...ONNX, ...ML].filter((name) => !covered.has(name));
  const count = (domain: (name: string) => boolean): number => [...covered].filter(domain).length;
  return `# Operators

Which operators a gradient passes through, and by what conventions. Other rule tables (sharing ratios, relevance rules) use these rules
where they have none of their own. Methods that only run the model (occlusion, sampling, perturbation) need no rules and work with every
operator that onnxruntime runs.

This page is made from the rule table: \`node scripts/operators.mjs\`. It covers ${count((name) => !name.includes(':'))} operators of ONNX and
${count((name) => name.includes(':'))} of other domains. Models of opset 7 to 25 are brought to opset 21 when they are read.

## With a gradient

${list(ruled)}

## Taken apart

Written in the operators above, when the model is read or when it is differentiated:

${list(new Set([...expanded, ...renewed]))}

Loops of known length are written out, iteration by iteration. Of an \`If\` that data decides, both branches are computed and the
condition selects.

## Without a gradient by nature

Piecewise constant, or of integers, indices and conditions. What depends on an input only through them has gradient 0.

${list(flat)}

## Not covered

A gradient through one of these is refused (\`UNSUPPORTED_OPERATOR\`, with node, operator and opset):

${list(missing)}

and every operator of other domains that is not listed above.

## Conventions

| where | the gradient is |
| --- | --- |
| \`Relu\`, \`Clip\`, \`HardSigmoid\`, \`ThresholdedRelu\`, \`Shrink\` at a kink | 0 |
| \`LeakyRelu\`, \`PRelu\` at 0 | the slope of the negative side |
| \`Abs\`, \`ReduceL1\` at 0; \`ReduceL2\` of zeros | 0 |
| \`Max\`, \`Min\` of equal inputs | the first one's |
| \`MaxPool\` of equal elements | the first one's in the window |
| \`ReduceMax\`, \`ReduceMin\`, \`ScatterElements\` and \`ScatterND\` with \`max\` or \`min\`, of equal elements | shared evenly |
| \`Clip\` with computed bounds | of a value at a bound: the bound's |
| \`Pow\` at base 0 | of the base: e·xᵉ⁻¹, and 0 for exponent 0; of the exponent: 0 |
| \`ReduceProd\` with zeros | the product of the others |
| \`QuantizeLinear\` | straight-through: rounding counts as the identity, saturated values get 0 |
| \`Cast\` between floats and integers, \`Round\`, \`Floor\`, \`Ceil\`, \`Sign\` | 0 |
| \`Dropout\` | the identity (inference); in training mode by the mask that was drawn |
| \`GridSample\` with \`nearest\` | of the grid: 0 |
| an input that is NaN | undefined |

Indices, axes, pads, sizes and repeats must be constants or depend on shapes only; where data decides them, the gradient is refused
(\`UNSUPPORTED_ATTRIBUTE\`, with node and attribute). Models of \`float16\` and \`bfloat16\` are computed in \`float32\`, of the same weights; \`float64\` ones
keep their type, except where onnxruntime adds up in \`float32\` only.
`;
}
