import { type Graph, type Node, type Wiring, wiring } from '../../graph/ir';
import type { Wires } from '../relevance/wires';
import type { Known } from './contrast';
import type { Streams } from './streams';

/** Operators that give an input relevance in proportion to the size of its elements. */
const PROPORTIONAL = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'AveragePool', 'GlobalAveragePool']);

/** Operators that are zero where their input is and leave relevance with the element it belongs to. */
const ZERO_AT_ZERO = new Set([
  ...['Relu', 'LeakyRelu', 'Gelu', 'com.microsoft:Gelu', 'Tanh', 'Identity', 'Dropout', 'MaxPool'],
  ...['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose'],
]);

/** Of which values elements that are zero, or below, are known to receive no relevance. */
export class Vanishing {
  readonly #known = new Map<string, boolean>();
  readonly #wiring: Pick<Wiring, 'consumers'>;

  /** @param explained the value at which relevance starts */
  constructor(
    private readonly model: Graph,
    private readonly streams: Streams,
    private readonly wires: Wires,
    private readonly explained: string,
  ) {
    this.#wiring = wiring(model);
  }

  of(value: string): Known {
    return { atZero: this.#atZero(value), belowZero: this.#belowZero(value) };
  }

  /** True if relevance is zero wherever the value is. */
  #atZero(value: string): boolean {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const answer = this.#readersOf(value, (reader) => this.#passesNothing(reader));
    this.#known.set(value, answer);
    return answer;
  }

  /** True if relevance is zero wherever the value is not positive. */
  #belowZero(value: string): boolean {
    return this.#readersOf(value, (reader) => reader.op === 'Relu' && this.#atZero(reader.outputs[0]));
  }

  #readersOf(value: string, holds: (reader: Node) => boolean): boolean {
    const readers = this.#wiring.consumers.get(value) ?? [];
    if (value === this.explained || readers.length === 0) return false;
    return !this.model.outputs.some(({ name }) => name === value) && readers.every(holds);
  }

  #passesNothing(node: Node): boolean {
    const key = node.domain === '' ? node.op : `${node.domain}:${node.op}`;
    if (PROPORTIONAL.has(key)) return true;
    // Beside a constant or a mask the other addend takes all.
    if (key === 'Add') return node.inputs.every((input) => this.streams.has(input) && this.wires.isComputed(input));
    return ZERO_AT_ZERO.has(key) && node.outputs.filter(Boolean).every((output) => this.#atZero(output));
  }
}
