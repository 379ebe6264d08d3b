import { getInt, int } from './attributes';
import { type Graph, type Node, type Tensor, typeOf } from './ir';
import { prune } from './prune';
import { int64, toNumbers } from './tensor';

/** Emits the nodes that take the place of sequences, and knows what each sequence holds. */
class Unpacker {
  readonly nodes: Node[] = [];
  readonly initializers: Map<string, Tensor>;
  readonly #graph: Graph;
  readonly #taken: ReadonlySet<string>;
  readonly #sequences = new Map<string, readonly string[]>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.initializers = new Map(graph.initializers);
    this.#taken = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  }

  /** What new values are named after: the value they come from. */
  prefix(value: string): string {
    let prefix = value;
    while (this.#taken.has(`${prefix}~0`)) prefix += '~';
    return prefix;
  }

  /** Emits what stands for the node; false leaves it as it is. */
  unpack(node: Node): boolean {
    const rule = node.domain === '' ? RULES[node.op] : undefined;
    return rule?.(node, this) ?? false;
  }

  sequence(value: string): readonly string[] | undefined {
    return this.#sequences.get(value);
  }

  hold(value: string, elements: readonly string[]): true {
    this.#sequences.set(value, elements);
    return true;
  }

  /** The elements of a constant input; undefined when it is none. */
  numbers(value: string | undefined): number[] | undefined {
    const tensor = value ? this.#graph.initializers.get(value) : undefined;
    return tensor && [...toNumbers(tensor)];
  }

  shape(value: string): readonly number[] | undefined {
    const shape = typeOf(this.#graph, value)?.shape;
    return shape?.every((dim) => typeof dim === 'number') ? (shape as readonly number[]) : undefined;
  }

  emit(
    like: Node,
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Node['attributes'] = {},
  ): true {
    const { metadata, doc, name } = like;
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
    return true;
  }

  constant(name: string, values: readonly number[], shape?: readonly number[]): string {
    this.initializers.set(name, int64(values, shape));
    return name;
  }
}

type Rule = (node: Node, u: Unpacker) => boolean;

const RULES: Readonly<Record<string, Rule>> = {
  SequenceEmpty: (node, u) => u.hold(node.outputs[0], []),
  SequenceConstruct: (node, u) => u.hold(node.outputs[0], node.inputs),

  SplitToSequence: (node, u) => {
    const [x, split] = node.inputs;
    const [output] = node.outputs;
    const shape = u.shape(x);
    const given = split ? u.numbers(split) : [1];
    if (!shape || !given) return false;
    const axis = getInt(node, 'axis', 0);
    const size = shape.at(axis) ?? 0;
    const scalar = !split || u.initializers.get(split)?.shape.length === 0;
    const [step] = given;
    if (scalar && !(step > 0)) return false;
    const sizes = scalar
      ? Array.from({ length: Math.ceil(size / step) }, (_, i) => Math.min(step, size - i * step))
      : given;
    if (sizes.length === 0) return u.hold(output, []);
    const squeezed = !split && getInt(node, 'keepdims', 1) === 0;
    const prefix = u.prefix(output);
    const parts = sizes.map((_, index) => `${prefix}~${index}`);
    const whole = squeezed ? parts.map((part) => `${part}~kept`) : parts;
    u.emit(node, 'Split', [x, u.constant(`${prefix}~sizes`, sizes)], whole, { axis: int(axis) });
    if (squeezed) {
      const axes = u.constant(`${prefix}~axes`, [axis]);
      parts.forEach((part, index) => {
        u.emit(node, 'Squeeze', [whole[index], axes], [part]);
      });
    }
    return u.hold(output, parts);
  },

  SequenceInsert: (node, u) => {
    const elements = u.sequence(node.inputs[0]);
    const at = node.inputs[2] ? u.numbers(node.inputs[2])?.[0] : elements?.length;
    if (!elements || at === undefined) return false;
    return u.hold(node.outputs[0], elements.toSpliced(at, 0, node.inputs[1]));
  },

  SequenceErase: (node, u) => {
    const elements = u.sequence(node.inputs[0]);
    const at = node.inputs[1] ? u.numbers(node.inputs[1])?.[0] : -1;
    if (!elements || at === undefined) return false;
    return u.hold(node.outputs[0], elements.toSpliced(at, 1));
  },

  SequenceAt: (node, u) => {
    const at = u.numbers(node.inputs[1])?.[0];
    const element = at === undefined ? undefined : u.sequence(node.inputs[0])?.at(at);
    return element !== undefined && u.emit(node, 'Identity', [element], node.outputs);
  },

  SequenceLength: (node, u) => {
    const elements = u.sequence(node.inputs[0]);
    if (!elements) return false;
    u.constant(node.outputs[0], [elements.length], []);
    return true;
  },

  ConcatFromSequence: (node, u) => {
    const elements = u.sequence(node.inputs[0]);
    if (!elements || elements.length === 0) return false;
    const axis = getInt(node, 'axis', 0);
    if (getInt(node, 'new_axis', 0) === 0) return u.emit(node, 'Concat', elements, node.outputs, { axis: int(axis) });
    const prefix = u.prefix(node.outputs[0]);
    const axes = u.constant(`${prefix}~axes`, [axis]);
    const rows = elements.map((element, index) => {
      u.emit(node, 'Unsqueeze', [element, axes], [`${prefix}~${index}`]);
      return `${prefix}~${index}`;
    });
    return u.emit(node, 'Concat', rows, node.outputs, { axis: int(axis) });
  },
};

/** Where tensors come out of sequences. */
const READERS = new Set(['SequenceAt', 'SequenceLength', 'ConcatFromSequence']);

/**
 * Tensors in the place of sequences whose lengths and positions are known: rules know tensors only. Returns the same
 * graph when there are none.
 */
export function unpackSequences(graph: Graph): Graph {
  if (!graph.nodes.some(({ op }) => READERS.has(op))) return graph;
  const unpacker = new Unpacker(graph);
  let changed = false;
  for (const node of graph.nodes) {
    const replaced = unpacker.unpack(node);
    if (replaced && READERS.has(node.op)) changed = true;
    // What makes a sequence stays for those that read it as a whole; pruning removes it where there are none.
    else unpacker.nodes.push(node);
  }
  return changed ? prune({ ...graph, nodes: unpacker.nodes, initializers: unpacker.initializers }) : graph;
}
