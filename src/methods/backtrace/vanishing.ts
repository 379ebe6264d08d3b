import type { Wiring } from '../../graph/ir';
import type { Wires } from '../relevance/wires';
import type { Streams } from './streams';

/** Layers that give every element of their input relevance in proportion to its size. */
const SHARING = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'AveragePool', 'GlobalAveragePool']);

/** What makes zero of zero and passes relevance on to where it came from. */
const KEEPING = new Set(['Relu', 'LeakyRelu', 'Identity', 'Dropout', 'MaxPool']);

interface Surroundings {
  /** Where relevance starts. */
  readonly output: string;
  readonly streams: Pick<Streams, 'has'>;
  readonly wires: Pick<Wires, 'isComputed'>;
  readonly wiring: Pick<Wiring, 'consumers'>;
}

/**
 * True if in default mode a value has no relevance where it is zero, because everything that reads it shares out in
 * proportion to it. What divides by the sizes of its addends loses nothing then.
 */
export function vanishesWithValue(value: string, walk: Surroundings): boolean {
  const { output, streams, wires, wiring } = walk;
  const readers = wiring.consumers.get(value) ?? [];
  if (value === output || readers.length === 0) return false;
  return readers.every(({ op, domain, inputs, outputs }) => {
    if (domain !== '') return false;
    if (SHARING.has(op)) return true;
    // Beside a constant or a mask a sum passes everything on to the other addend.
    if (op === 'Add') return inputs.every((input) => streams.has(input) && wires.isComputed(input));
    return KEEPING.has(op) && vanishesWithValue(outputs[0], walk);
  });
}
