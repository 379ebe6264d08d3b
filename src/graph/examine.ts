import { getGraph, getInt, getInts, getStrings } from './attributes';
import { PrismError } from './errors';
import { evaluate, type Findings } from './evaluate';
import { type Graph, type Node, type TensorType, typeOf } from './ir';
import { inferTypes } from './shapes';
import { captures } from './topology';

const isStatic = (type: TensorType | undefined): type is TensorType & { shape: readonly number[] } =>
  type?.shape?.every((dim) => typeof dim === 'number') ?? false;

type Infer = (node: Node, input: TensorType & { shape: readonly number[] }) => readonly TensorType[] | undefined;

const same: Infer = (_node, { dtype, shape }) => [{ dtype, shape }];

const names = (node: Node): readonly string[] | undefined => getStrings(node, 'classlabels_strings');
const numbers = (node: Node): readonly number[] | undefined =>
  getInts(node, 'classlabels_int64s') ?? getInts(node, 'classlabels_ints');

/** The class of each row, and a score for each class. */
const classifier: Infer = (node, { shape }) => {
  const rows = shape.length === 2 ? shape[0] : 1;
  const named = Boolean(names(node)?.length);
  const classes = (named ? names(node) : numbers(node))?.length;
  if (!classes) return undefined;
  return [
    { dtype: named ? 'string' : 'int64', shape: [rows] },
    { dtype: 'float32', shape: [rows, classes] },
  ];
};

const regressor: Infer = (node, { shape }) => {
  const targets = getInt(node, 'n_targets', getInt(node, 'targets', 1));
  return [{ dtype: 'float32', shape: [shape.length === 2 ? shape[0] : 1, targets] }];
};

const floats: Infer = (_node, { shape }) => [{ dtype: 'float32', shape }];

/** Operators whose types onnxruntime does not infer, by domain and name. */
const INFER: Readonly<Record<string, Infer>> = {
  ':MeanVarianceNormalization': same,
  'ai.onnx.ml:Binarizer': same,
  'ai.onnx.ml:Imputer': same,
  'ai.onnx.ml:LinearClassifier': classifier,
  'ai.onnx.ml:LinearRegressor': regressor,
  'ai.onnx.ml:Normalizer': floats,
  'ai.onnx.ml:Scaler': floats,
  'ai.onnx.ml:TreeEnsembleClassifier': classifier,
  'ai.onnx.ml:TreeEnsembleRegressor': regressor,
};

const UNKNOWN: TensorType = { dtype: 'undefined', shape: undefined };
const BOOL_SCALAR: TensorType = { dtype: 'bool', shape: [] };
const INT_SCALAR: TensorType = { dtype: 'int64', shape: [] };

const equal = (a: TensorType | undefined, b: TensorType | undefined): boolean =>
  isStatic(a) && isStatic(b) && a.dtype === b.dtype && `${a.shape}` === `${b.shape}`;

/**
 * The types of a loop's state, if its body keeps them: onnxruntime does not look.
 */
async function loopTypes(node: Node, graph: Graph): Promise<readonly (TensorType | undefined)[] | undefined> {
  const body = getGraph(node, 'body');
  if (!body || body.inputs.length !== node.inputs.length) return undefined;
  const state = node.inputs.slice(2).map((input) => typeOf(graph, input));
  const visible = [...captures(body)];
  const constants = visible.flatMap((value) => {
    const tensor = graph.initializers.get(value);
    return tensor ? [[value, tensor] as const] : [];
  });
  const fed = visible.flatMap((name) => {
    const type = graph.initializers.has(name) ? undefined : typeOf(graph, name);
    return type ? [{ name, dtype: type.dtype, shape: type.shape }] : [];
  });
  const bound = [INT_SCALAR, BOOL_SCALAR, ...state];
  const inputs = body.inputs.map(({ name }, index) => {
    const { dtype, shape } = bound[index] ?? UNKNOWN;
    return { name, dtype, shape };
  });
  const whole: Graph = {
    ...body,
    inputs: [...inputs, ...fed],
    initializers: new Map([...constants, ...body.initializers]),
  };
  const findings = await examine(whole);
  const results = body.outputs.slice(1).map(({ name }) => findings.types.get(name) ?? typeOf(whole, name));
  // How many rows it collects depends on data, or the loop would have been written out.
  return state.every((before, index) => equal(before, results[index])) ? state : undefined;
}

/** Types of outputs of one node, from its inputs alone; undefined where they cannot be told. */
async function nodeTypes(node: Node, graph: Graph): Promise<readonly (TensorType | undefined)[] | undefined> {
  if (node.op === 'Loop' && node.domain === '') return loopTypes(node, graph);
  const inputs = node.inputs.map((input) => (input === '' ? undefined : typeOf(graph, input)));
  if (!inputs.every((type, index) => node.inputs[index] === '' || isStatic(type))) return undefined;
  const infer = INFER[`${node.domain}:${node.op}`];
  const [first] = inputs;
  if (infer) return isStatic(first) ? infer(node, first) : undefined;
  if (node.domain !== '') return undefined;
  try {
    return inferTypes(
      node,
      (value) => typeOf(graph, value) as TensorType,
      (value) => graph.initializers.get(value),
    );
  } catch (error) {
    // No rule for the operator: then nobody knows.
    if (error instanceof PrismError) return undefined;
    throw error;
  }
}

/**
 * {@link evaluate}, and where onnxruntime does not know the type of a value whose inputs are known, what can be told
 * beside it.
 */
export async function examine(graph: Graph): Promise<Findings> {
  const known = new Map<string, TensorType>();
  for (;;) {
    const findings = await evaluate(graph, known);
    const typed: Graph = {
      ...graph,
      types: findings.types,
      initializers: new Map([...graph.initializers, ...findings.constants]),
    };
    const before = known.size;
    for (const node of graph.nodes) {
      if (node.outputs.every((output) => output === '' || known.has(output) || isStatic(findings.types.get(output))))
        continue;
      const types = await nodeTypes(node, typed);
      node.outputs.forEach((output, index) => {
        const type = types?.[index];
        if (output !== '' && isStatic(type) && !isStatic(findings.types.get(output))) known.set(output, type);
      });
    }
    if (known.size === before) return findings;
  }
}
