import { readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { PrismError } from './errors';
import { type Graph, type Node, TARGET_OPSET, type Tensor, type TensorType } from './ir';
import { decodeModel } from './onnx/decode';
import { ExternalData } from './onnx/externalData';
import { functionKey, inline, instantiate } from './onnx/functions';
import {
  type FunctionProto,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
} from './onnx/onnx.gen';
import {
  type Body,
  constantOf,
  type NodeReader,
  nodeLabel,
  readGraph,
  readNode,
  readValueInfo,
} from './onnx/readGraph';
import { restOf, restore } from './onnx/rest';
import { adaptNode, checkOpset } from './opset/adapt';
import type { Scope } from './opset/context';
import { sortNodes } from './topology';

/** Protobuf's own limit: a model that is larger keeps its weights as external data. */
const MAX_FILE_BYTES = 2 ** 31;
/** Functions that call functions can describe a graph of any size in a few bytes. */
const MAX_NODES = 100_000;
const MAX_CALL_DEPTH = 100;
const MODEL_MODELLED = new Set(['opsetImport', 'graph', 'metadataProps', 'functions']);

export interface ImportOptions {
  /** Where external data is looked for when the model is given as bytes. */
  readonly folder?: string;
  /** What messages call the model; the file's name when there is one. */
  readonly name?: string;
}

function readFile(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size >= MAX_FILE_BYTES) {
      throw new PrismError(
        'MODEL_TOO_LARGE',
        `${path} has ${(size / 2 ** 30).toFixed(1)} GB; ONNX files end at 2 GB: save the model with external data`,
      );
    }
    const file = readFileSync(path);
    // A plain view: a Buffer's slice() shares memory where a Uint8Array's copies.
    return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  } catch (cause) {
    if (cause instanceof PrismError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    throw code === 'ENOENT'
      ? new PrismError('FILE_NOT_FOUND', `there is no file ${path}`, {}, { cause })
      : new PrismError('FILE_UNREADABLE', `${path} cannot be read (${code ?? String(cause)})`, {}, { cause });
  }
}

const versionsOf = (imports: readonly { domain: string; version: bigint }[]): Record<string, number> =>
  Object.fromEntries(imports.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : domain, Number(version)]));

const NOTHING: Scope = { type: () => undefined, constant: () => undefined };

/** What a function says of the values in it. */
function bodyScope(definition: FunctionProto): Scope {
  const types = new Map<string, TensorType>();
  for (const value of definition.valueInfo) {
    const info = readValueInfo(value);
    if (info) types.set(info.name, info);
  }
  return { type: (value) => types.get(value), constant: () => undefined };
}

/** How many nodes may still be read or moved out of functions. */
interface Budget {
  nodes: number;
}

/** Reads nodes of one list of opsets: the model's own, or those of one of its functions. */
class ModelReader implements NodeReader {
  readonly #calls = new Map<string, number>();

  constructor(
    private readonly functions: ReadonlyMap<string, FunctionProto>,
    private readonly external: ExternalData,
    private readonly opsets: Readonly<Record<string, number>>,
    private readonly budget: Budget = { nodes: MAX_NODES },
    private readonly calling: readonly string[] = [],
  ) {}

  read(protos: readonly NodeProto[], scope: Scope): Body {
    const nodes: Node[] = [];
    const initializers = new Map<string, Tensor>();
    const within: Scope = {
      type: (value) => initializers.get(value) ?? scope.type(value),
      constant: (value) => initializers.get(value) ?? scope.constant(value),
    };
    for (const proto of protos) {
      this.#spend(1);
      const key = functionKey(proto.domain, proto.opType, proto.overload);
      const definition = this.functions.get(key);
      if (definition) {
        const body = this.#call(definition, key, proto);
        for (const node of body.nodes) nodes.push(node);
        for (const [name, tensor] of body.initializers) initializers.set(name, tensor);
      } else if (proto.opType === 'Constant' && (proto.domain === '' || proto.domain === 'ai.onnx')) {
        initializers.set(proto.output[0] ?? '', constantOf(proto, this.external));
      } else {
        const node = readNode(proto, this.external, (graph) => this.#subgraph(graph, within));
        nodes.push(...adaptNode(node, this.opsets[''], within, initializers));
      }
    }
    return { nodes, initializers };
  }

  #spend(nodes: number): void {
    this.budget.nodes -= nodes;
    if (this.budget.nodes >= 0) return;
    throw new PrismError('MODEL_INVALID', `the model has more than ${MAX_NODES} nodes with its functions written out`);
  }

  #call(definition: FunctionProto, key: string, call: NodeProto): Body {
    if (this.calling.includes(key) || this.calling.length > MAX_CALL_DEPTH) {
      throw new PrismError('MODEL_INVALID', `the function ${definition.name} calls itself (node ${nodeLabel(call)})`);
    }
    const opsets = { ...this.opsets, ...versionsOf(definition.opsetImport) };
    checkOpset(opsets[''], `the function ${definition.name}`);
    const reader = new ModelReader(this.functions, this.external, opsets, this.budget, [...this.calling, key]);
    const label = call.name || call.output[0] || call.opType;
    const calls = this.#calls.get(label) ?? 0;
    this.#calls.set(label, calls + 1);
    const body = reader.read(instantiate(definition, call), bodyScope(definition));
    // Long labels cost memory in every name under them.
    this.#spend(body.nodes.length * (1 + (label.length >> 8)));
    return inline(definition, call, body, calls === 0 ? label : `${label}#${calls}`);
  }

  #subgraph(proto: GraphProto, outer: Scope): Graph {
    const { rest, ...graph } = readGraph(proto, this, this.external, outer);
    const inside = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
    const made = new Set(graph.nodes.flatMap((node) => node.outputs));
    return {
      ...graph,
      // What a subgraph reads from outside is checked where the outermost graph is sorted.
      nodes: sortNodes(graph.nodes, (value) => inside.has(value) || !made.has(value)),
      opsets: { ...this.opsets, '': TARGET_OPSET },
      metadata: {},
      ...(rest && {
        rest: toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: restore(GraphProtoSchema, rest) })),
      }),
    };
  }
}

/** The graph of a decoded model. */
function readModel(model: ModelProto, external: ExternalData, name: string): Graph {
  const functions = new Map(
    model.functions.map((definition) => [
      functionKey(definition.domain, definition.name, definition.overload),
      definition,
    ]),
  );
  const opsets = versionsOf(model.opsetImport);
  if (opsets[''] === undefined) opsets[''] = model.opsetImport.length > 0 ? TARGET_OPSET : 1;
  checkOpset(opsets[''], name);
  const { rest, ...graph } = readGraph(model.graph!, new ModelReader(functions, external, opsets), external, NOTHING);
  const defined = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
  const nodes = sortNodes(graph.nodes, (value) => defined.has(value));
  for (const node of nodes) for (const output of node.outputs) defined.add(output);
  for (const { name } of graph.outputs) {
    if (!defined.has(name)) {
      throw new PrismError('MODEL_INVALID', `the model's output ${JSON.stringify(name)} is made by no node`);
    }
  }
  const modelRest = restOf(
    ModelProtoSchema,
    model,
    MODEL_MODELLED,
    rest ? { graph: restore(GraphProtoSchema, rest) } : {},
  );
  return {
    ...graph,
    nodes,
    opsets: { ...opsets, '': TARGET_OPSET },
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    ...(modelRest && { rest: modelRest }),
  };
}

/**
 * Reads an ONNX model into the IR: constants become initializers, functions are written out, nodes are sorted. Weights
 * stay where they are: in the bytes given or in the external data files.
 *
 * @param source the file's path, or its bytes
 * @throws PrismError FILE_NOT_FOUND, FILE_UNREADABLE, MODEL_TOO_LARGE, MODEL_NOT_ONNX, MODEL_TRUNCATED, MODEL_INVALID,
 * MODEL_OPSET, UNSUPPORTED_TYPE, EXTERNAL_DATA_MISSING, EXTERNAL_DATA_ESCAPES, EXTERNAL_DATA_TRUNCATED
 */
export function importModel(source: Uint8Array | string, options: ImportOptions = {}): Graph {
  const path = typeof source === 'string' ? source : undefined;
  const name = options.name ?? (path === undefined ? 'the model' : basename(path));
  const folder = options.folder ?? (path === undefined ? undefined : dirname(path));
  const bytes = typeof source === 'string' ? readFile(source) : source;
  return readModel(decodeModel(bytes, name), new ExternalData(folder, path), name);
}
