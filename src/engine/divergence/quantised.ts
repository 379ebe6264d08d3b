import { type Graph, wiring } from '../../graph/ir';
import type { FloatArray } from '../../graph/ndarray';
import { toNumbers } from '../../graph/tensor';

const WHOLE: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/**
 * The least and the greatest that is left of a value which only a QuantizeLinear reads. Quantisers leave a Relu to it
 * and call what comes before by the Relu's name: only within these bounds it is the same value as in the float model.
 *
 * @returns undefined for a value that anything else reads, or whose scale is not one constant
 */
export function quantisedBounds(graph: Graph, value: string): readonly [number, number] | undefined {
  const readers = wiring(graph).consumers.get(value) ?? [];
  if (readers.length !== 1 || graph.outputs.some(({ name }) => name === value)) return undefined;
  const [{ op, inputs }] = readers;
  const scale = graph.initializers.get(inputs[1] ?? '');
  const zeroPoint = graph.initializers.get(inputs[2] ?? '');
  const whole = WHOLE[zeroPoint?.dtype ?? 'uint8'];
  if (op !== 'QuantizeLinear' || !scale || !whole || (inputs[2] && !zeroPoint)) return undefined;
  const [step, ...others] = toNumbers(scale);
  if (step === undefined || others.length > 0) return undefined;
  const zero = zeroPoint ? Number(toNumbers(zeroPoint)[0]) : 0;
  return [(whole[0] - zero) * step, (whole[1] - zero) * step];
}

/** A value as its reader takes it, without the rounding. */
export const within = (array: FloatArray, [least, most]: readonly [number, number]): FloatArray => ({
  ...array,
  data: Float32Array.from(array.data, (x) => Math.min(most, Math.max(least, x))),
});
