import type { Builder } from '../../graph/builder';
import type { Wiring } from '../../graph/ir';
import { oneMinus, step } from '../../ops/common';
import { type Flow, wide } from './flow';

/** How relevance starts. */
export interface StartOptions {
  readonly mode: 'default' | 'contrast';
  readonly multiplier: number;
  /** Stands for the value of the chosen output; 0: the value itself. */
  readonly scaler: number;
  /** Of a map: positions above it count. */
  readonly threshold: number;
}

export interface Chosen {
  readonly output: string;
  /** Which elements of the output are explained: an input of the output's shape. */
  readonly weights: string;
  /** The axis over classes. */
  readonly axis: number;
  /** Whether the output is a map of which the positions above the threshold count. */
  readonly isMap: boolean;
}

const THROUGH = new Set(['Identity', 'Cast', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Slice']);

/** The operator that makes an output what it is. */
function head(output: string, { producer }: Pick<Wiring, 'producer'>): string | undefined {
  const node = producer.get(output);
  if (!node) return undefined;
  return THROUGH.has(node.op) ? head(node.inputs[0], { producer }) : node.op;
}

/** The output as probabilities. */
function probabilities(b: Builder, { output, axis }: Chosen, wiring: Pick<Wiring, 'producer'>): string {
  const value = wide(b, output);
  const op = head(output, wiring);
  if (op === 'Softmax' || op === 'Sigmoid' || op === 'HardSigmoid') return value;
  if (op === 'LogSoftmax') return b.op('Exp', [value]);
  if (b.shape(output)[axis] === 1) return b.op('Sigmoid', [value]);
  return b.op('Softmax', [value], { axis: { type: 'int', value: axis } });
}

/** Relevance of the output, as many streams as the mode has. */
export function startOf(b: Builder, chosen: Chosen, options: StartOptions, wiring: Pick<Wiring, 'producer'>): Flow {
  const { mode, multiplier, scaler, threshold } = options;
  const weights = wide(b, chosen.weights);
  const value = mode === 'contrast' ? probabilities(b, chosen, wiring) : wide(b, chosen.output);
  const above = chosen.isMap ? step(b, value, threshold) : null;
  const own = scaler === 0 ? value : b.expand(b.float(scaler, b.dtype(value)), b.shape(value));
  const chosenPart = b.mul(weights, above ? b.mul(above, own) : own);
  const positive = b.scale(chosenPart, multiplier);
  if (mode === 'default') return [positive];
  if (above) {
    const missing = b.mul(above, oneMinus(b, value));
    const elsewhere = b.mul(oneMinus(b, above), value);
    return [positive, b.scale(b.mul(weights, b.add(missing, elsewhere)), multiplier)];
  }
  if (b.shape(value)[chosen.axis] === 1) {
    const missing = b.op('Relu', [oneMinus(b, value)]);
    return [positive, b.scale(b.mul(weights, missing), multiplier)];
  }
  const position = b.op('ReduceMax', [weights, b.ints([chosen.axis])]);
  return [positive, b.scale(b.mul(b.sub(position, weights), value), multiplier)];
}
