import type { Attributes, DataType, Node, Tensor, TensorType } from '../ir';
import { codeOf } from '../onnx/dtypes';
import { floating, int64, isFloating } from '../tensor';

/** What is known of the values around a node that is adapted. */
export interface Scope {
  readonly type: (value: string) => TensorType | undefined;
  readonly constant: (value: string) => Tensor | undefined;
}

/** Rewrites one node of another opset into nodes of the target opset. */
export type Adapter = (node: Node, context: AdapterContext) => void;

/** Collects the nodes and constants that take the place of one node. */
export class AdapterContext {
  readonly nodes: Node[] = [];
  readonly #node: Node;
  #count = 0;

  constructor(
    node: Node,
    private readonly scope: Scope,
    private readonly initializers: Map<string, Tensor>,
    /** The opset that the node was written for. */
    readonly version: number,
  ) {
    this.#node = node;
  }

  constantOf(value: string | undefined): Tensor | undefined {
    return value ? (this.initializers.get(value) ?? this.scope.constant(value)) : undefined;
  }

  rank(value: string): number | undefined {
    return this.constantOf(value)?.shape.length ?? this.scope.type(value)?.shape?.length;
  }

  /** A dimension where it is known. */
  dim(value: string, axis: number): number | undefined {
    const dim = this.scope.type(value)?.shape?.at(axis);
    return typeof dim === 'number' ? dim : undefined;
  }

  dtype(value: string): DataType | undefined {
    const dtype = this.constantOf(value)?.dtype ?? this.scope.type(value)?.dtype;
    return dtype === 'undefined' ? undefined : dtype;
  }

  /** Keeps a node, changed or not. */
  keep(node: Node): void {
    this.nodes.push(node);
  }

  /** Adds a node of one inner output and returns the value. */
  op(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = this.#name(op);
    this.#add(op, inputs, [output], attributes, output);
    return output;
  }

  /** Adds the node that makes an output of the node in place. */
  output(value: string, op: string, inputs: readonly string[], attributes: Attributes = {}): void {
    if (value !== '') this.#add(op, inputs, [value], attributes, this.#node.name);
  }

  /** The name of a new value. */
  inner(hint: string): string {
    return this.#name(hint);
  }

  constant(tensor: Tensor, hint: string): string {
    const name = this.#name(hint);
    this.initializers.set(name, tensor);
    return name;
  }

  ints(values: readonly number[], shape?: readonly number[]): string {
    return this.constant(int64(values, shape), 'ints');
  }

  /** A number in the type of another value, of which nothing may be known at import. */
  scalar(value: number, like: string): string {
    const dtype = this.dtype(like);
    if (dtype && isFloating(dtype) && dtype !== 'bfloat16')
      return this.constant(floating(dtype, [value], []), 'number');
    const plain = this.constant(floating('float32', [value], []), 'number');
    return dtype === 'float32' ? plain : this.op('CastLike', [plain, like]);
  }

  cast(value: string, dtype: DataType): string {
    return this.op('Cast', [value], { to: { type: 'int', value: codeOf(dtype) } });
  }

  #name(hint: string): string {
    return `${this.#node.outputs.find((output) => output !== '') ?? this.#node.name}~${hint}${this.#count++}`;
  }

  #add(op: string, inputs: readonly string[], outputs: readonly string[], attributes: Attributes, name: string): void {
    const { metadata, doc } = this.#node;
    this.nodes.push({
      op,
      domain: '',
      name,
      inputs,
      outputs,
      attributes,
      ...(metadata && { metadata }),
      ...(doc && { doc }),
    });
  }
}
