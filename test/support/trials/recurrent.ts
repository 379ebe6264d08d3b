import { float, int, string, strings } from '../../../src/graph/attributes';
import type { Attributes } from '../../../src/graph/ir';
import { single, type Trial } from '../derivatives';
import { ndarray } from '../evaluator/array';
import type { Draw } from '../property';

const GATES = { RNN: 1, GRU: 3, LSTM: 4 };
const CHOICES = {
  RNN: [['Relu'], ['Sigmoid'], ['Softsign']],
  GRU: [
    ['Sigmoid', 'Relu'],
    ['Tanh', 'Softplus'],
  ],
  LSTM: [
    ['Sigmoid', 'Softsign', 'Relu'],
    ['Tanh', 'Sigmoid', 'Tanh'],
  ],
};

/** Recurrent operators in all directions, with sequence lengths, initial states, peepholes and other activations. */
export function recurrent(op: keyof typeof GATES): (draw: Draw) => Trial {
  return (draw) => {
    const direction = draw.pick(['forward', 'reverse', 'bidirectional']);
    const directions = direction === 'bidirectional' ? 2 : 1;
    const [length, batch, size, hidden] = draw.list(4, 1, 3);
    const rows = GATES[op] * hidden;
    const values = draw.values();
    const attributes: Record<string, Attributes[string]> = { hidden_size: int(hidden), direction: string(direction) };
    if (draw.flag(3)) {
      const chosen = draw.pick(CHOICES[op]);
      attributes.activations = strings(Array.from({ length: directions }, () => chosen).flat());
    }
    if (draw.flag(3)) attributes.clip = float(0.5);
    if (op === 'GRU') attributes.linear_before_reset = int(draw.integer(0, 1));
    if (op === 'LSTM' && draw.flag(3)) attributes.input_forget = int(1);
    const state = () => (draw.flag() ? values.array([directions, batch, hidden]) : undefined);
    const inputs = [
      values.array([length, batch, size]),
      values.array([directions, rows, size]),
      values.array([directions, rows, hidden]),
      draw.flag() ? values.array([directions, 2 * rows]) : undefined,
      draw.flag() ? ndarray('int32', [batch], draw.list(batch, 1, length)) : undefined,
      state(),
      ...(op === 'LSTM' ? [state(), draw.flag() ? values.array([directions, 3 * hidden]) : undefined] : []),
    ];
    while (inputs.at(-1) === undefined) inputs.pop();
    return single(op, inputs, attributes, op === 'LSTM' ? 3 : 2);
  };
}
