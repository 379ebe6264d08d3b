import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { PrismError } from './errors';
import { exportModel } from './export';
import type { Graph, Tensor, TensorType, ValueInfo } from './ir';
import { decodeModel } from './onnx/decode';
import { ExternalData } from './onnx/externalData';
import type { GraphProto } from './onnx/onnx.gen';
import { readValueInfo } from './onnx/readGraph';
import { readTensor } from './onnx/readTensor';
import { elementCount } from './tensor';

/** Initializers of at most so many elements take part in folding; all shape arithmetic is done on such. */
const SMALL_ELEMENTS = 1024;
/** Integers too: index tables are made by arithmetic, and hold no weights. */
const INTEGER_ELEMENTS = 65536;

/** Would rename values, or give a constant other contents under the same name. */
const DISABLED = ['TransposeOptimizer', 'ConstantSharing', 'CommonSubexpressionElimination'];

const DOMAINS = new Set(['', 'ai.onnx.ml', 'ai.onnx.training', 'ai.onnx.preview', 'com.microsoft', 'org.pytorch.aten']);

/** What onnxruntime says of a graph without running it. */
export interface Findings {
  /** The type of every value, as far as it can be told. */
  readonly types: ReadonlyMap<string, TensorType>;
  /** Values that are the same whatever is fed. */
  readonly constants: ReadonlyMap<string, Tensor>;
}

const isSmall = ({ dtype, shape }: Tensor): boolean =>
  elementCount(shape) <= (/^u?int|^bool/.test(dtype) ? INTEGER_ELEMENTS : SMALL_ELEMENTS);

/** Domains of operators that lay their data out as one kind of processor wants it. */
const MACHINE_DOMAINS = new Set(['com.microsoft.nchwc', 'com.ms.internal.nhwc']);

function requireKnownOperators(graph: Graph): void {
  for (const node of graph.nodes) {
    if (DOMAINS.has(node.domain)) continue;
    if (MACHINE_DOMAINS.has(node.domain)) {
      throw new PrismError(
        'MODEL_FOR_ONE_MACHINE',
        `the model was saved by onnxruntime after it had been optimised for one kind of processor (node ${JSON.stringify(node.name || node.outputs[0])} is a ${node.op} of ${node.domain}); use the model as it was before, or save it at graph_optimization_level ORT_ENABLE_EXTENDED`,
        { node: node.name || node.outputs[0], op: node.op, domain: node.domain },
      );
    }
    throw new PrismError(
      'UNKNOWN_DOMAIN',
      `the node ${JSON.stringify(node.name || node.outputs[0])} uses the operator ${node.op} of ${node.domain}, which is not part of ONNX or onnxruntime; export the model without it`,
      { node: node.name || node.outputs[0], op: node.op, domain: node.domain, opset: graph.opsets[node.domain] },
    );
  }
}

/** Why onnxruntime does not take a graph, as an error that names the place in it. */
function refusal(error: unknown, graph: Graph): PrismError {
  const message = error instanceof Error ? error.message : String(error);
  const missing =
    /No Op registered for (\w+)/.exec(message)?.[1] ??
    /([\w.:]*?)(\w+)\(-?\d+\) is not a registered function\/op/.exec(message)?.[2] ??
    /Could not find an implementation for (\w+)\(/.exec(message)?.[1] ??
    /Failed to find kernel for (\w+)\(/.exec(message)?.[1];
  if (missing) {
    const node = graph.nodes.find(({ op }) => op === missing);
    const name = node?.name || node?.outputs[0] || '';
    return new PrismError(
      'UNSUPPORTED_OPERATOR',
      `onnxruntime cannot run the operator ${missing} (node ${JSON.stringify(name)}, opset ${graph.opsets[node?.domain ?? '']}) on these types`,
      { node: name, op: missing, opset: graph.opsets[node?.domain ?? ''] },
      { cause: error },
    );
  }
  const type = /Type 'tensor\((\w+)\)' of input parameter .* of operator \((\w+)\) in node/.exec(message);
  if (type) {
    return new PrismError(
      'UNSUPPORTED_TYPE',
      `onnxruntime has no ${type[2]} for elements of type ${type[1]}; convert the model to float32`,
      { op: type[2] },
      { cause: error },
    );
  }
  if (/ShapeInferenceError|Incompatible dimensions/i.test(message)) {
    const shapes = graph.inputs.map(({ name, shape }) => `${name} [${shape?.join(', ')}]`).join(', ');
    return new PrismError(
      'INPUT_SHAPE',
      `the model does not fit inputs of these shapes: ${shapes}; onnxruntime says: ${message}`,
      {},
      { cause: error },
    );
  }
  return new PrismError('MODEL_INVALID', `onnxruntime does not accept the model: ${message}`, {}, { cause: error });
}

/** A node that is folded in any case: a graph in which nothing changes is not written out again with its types. */
function probe(graph: Graph): Graph {
  const one: Tensor = {
    dtype: 'int64',
    shape: [1],
    source: { kind: 'bytes', bytes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) },
  };
  return {
    ...graph,
    initializers: new Map([...graph.initializers, ['~one', one]]),
    nodes: [
      ...graph.nodes,
      { op: 'Add', domain: '', name: '~probe', inputs: ['~one', '~one'], outputs: ['~probe'], attributes: {} },
    ],
    outputs: [...graph.outputs, { name: '~probe', dtype: 'int64', shape: [1] }],
  };
}

function temporaryFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'model-prism-'));
  } catch (cause) {
    throw new PrismError(
      'FILE_UNWRITABLE',
      `no folder can be made in ${tmpdir()}, where temporary files go; make room there or set TMPDIR`,
      { path: tmpdir() },
      { cause },
    );
  }
}

/** Optimises the graph as onnxruntime does when it makes a session, and reads back what it found. */
async function optimise(graph: Graph): Promise<Findings> {
  const folder = temporaryFolder();
  const path = join(folder, 'optimised.onnx');
  try {
    try {
      const session = await InferenceSession.create(exportModel(probe(graph)), {
        executionProviders: ['cpu'],
        graphOptimizationLevel: 'basic',
        optimizedModelFilePath: path,
        logSeverityLevel: 4,
        intraOpNumThreads: 1,
        extra: { optimization: { disable_specified_optimizers: DISABLED.join(';') } },
      });
      await session.release();
    } catch (error) {
      // Types that the binding cannot name (bfloat16) fail only after the file was written.
      if (!String(error).includes('Unsupported data type')) throw error;
    }
    return read(decodeModel(readFileSync(path), 'the optimised model').graph);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(proto: GraphProto | undefined): Findings {
  const types = new Map<string, TensorType>();
  for (const value of proto?.output ?? []) {
    // What is no tensor has no type here: its declaration would be taken for a tensor's.
    const info = value.type?.value.case === 'tensorType' ? readValueInfo(value) : undefined;
    if (info) types.set(info.name, { dtype: info.dtype, shape: info.shape });
  }
  const constants = new Map<string, Tensor>();
  for (const tensor of proto?.initializer ?? [])
    constants.set(tensor.name, readTensor(tensor, tensor.name, new ExternalData()));
  return { types, constants };
}

/**
 * Finds the type of every value of a graph and the values that do not depend on its inputs, by onnxruntime's own
 * shape inference and constant folding. Nothing is run on weights: large initializers stand in as inputs.
 *
 * @param known types known from elsewhere, to help inference on
 * @throws PrismError UNKNOWN_DOMAIN, MODEL_FOR_ONE_MACHINE, UNSUPPORTED_OPERATOR, INPUT_SHAPE, MODEL_INVALID
 */
export async function evaluate(graph: Graph, known: ReadonlyMap<string, TensorType> = new Map()): Promise<Findings> {
  requireKnownOperators(graph);
  const weights: ValueInfo[] = [];
  const initializers = new Map<string, Tensor>();
  for (const [name, tensor] of graph.initializers) {
    if (isSmall(tensor)) initializers.set(name, tensor);
    else weights.push({ name, dtype: tensor.dtype, shape: tensor.shape });
  }
  const values = [...new Set(graph.nodes.flatMap((node) => node.outputs))].filter((value) => value !== '');
  const undeclared: TensorType = { dtype: 'undefined', shape: undefined };
  const skeleton: Graph = {
    ...graph,
    inputs: [...graph.inputs, ...weights],
    initializers,
    outputs: values.map((name) => {
      const { dtype, shape } = known.get(name) ?? undeclared;
      return { name, dtype, shape };
    }),
    types: new Map(),
  };
  try {
    return await optimise(skeleton);
  } catch (error) {
    throw error instanceof PrismError ? error : refusal(error, graph);
  }
}
