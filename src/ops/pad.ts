import { getString } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import { constantInput, fromFront, unsupported } from './common';
import type { VjpRule } from './rule';

/** A stretch of output positions that reads neighbouring (step ±1) or the same (step 0) input positions. */
interface Run {
  readonly output: number;
  readonly input: number;
  readonly length: number;
  readonly step: -1 | 0 | 1;
}

/** The position in a row of `size` elements that a position outside of it reads. */
const READS: Readonly<Record<string, (position: number, size: number) => number>> = {
  edge: (position, size) => Math.min(Math.max(position, 0), size - 1),
  wrap: (position, size) => ((position % size) + size) % size,
  reflect: (position, size) => {
    if (size === 1) return 0;
    const period = 2 * (size - 1);
    const phase = ((position % period) + period) % period;
    return Math.min(phase, period - phase);
  },
};

/** Splits a map from output to input positions into runs. */
function runsOf(reads: readonly number[]): Run[] {
  const runs: Run[] = [];
  let output = 0;
  while (output < reads.length) {
    const next = reads[output + 1] - reads[output];
    const step = next === 1 || next === 0 || next === -1 ? next : 1;
    let length = 1;
    while (output + length < reads.length && reads[output + length] - reads[output + length - 1] === step) length++;
    runs.push({ output, input: reads[output], length, step });
    output += length;
  }
  return runs;
}

/** Adds up, along one axis of `size` positions, what the runs of the output read. */
function addRuns(b: Builder, dy: string, axis: number, size: number, runs: readonly Run[]): string {
  const rank = b.rank(dy);
  const placed = runs.map(({ output, input, length, step }) => {
    let part = b.slice(dy, [axis], [output], [output + length]);
    if (step === 0) part = b.sum(part, [axis]);
    if (step === -1) part = b.slice(part, [axis], [-1], [-(2 ** 62)], [-1]);
    const start = step === -1 ? input - length + 1 : input;
    const pads = new Array<number>(2 * rank).fill(0);
    pads[axis] = start;
    pads[rank + axis] = size - start - (step === 0 ? 1 : length);
    return pads.some((count) => count > 0) ? b.op('Pad', [part, b.ints(pads)]) : part;
  });
  return placed.reduce((sum, part) => b.add(sum, part));
}

/** Takes away what a constant Pad added, and puts zeros where negative pads cut. */
function unpad(b: Builder, dy: string, before: readonly number[], after: readonly number[]): string {
  const axes = before.flatMap((_, axis) => (before[axis] > 0 || after[axis] > 0 ? [axis] : []));
  const shape = b.shape(dy);
  let dx = dy;
  if (axes.length > 0) {
    const starts = axes.map((axis) => Math.max(before[axis], 0));
    const ends = axes.map((axis) => shape[axis] - Math.max(after[axis], 0));
    dx = b.slice(dx, axes, starts, ends);
  }
  const cut = [...before, ...after].map((count) => Math.max(-count, 0));
  return cut.some((count) => count > 0) ? b.op('Pad', [dx, b.ints(cut)]) : dx;
}

/**
 * The adjoint of Pad in every mode. Reflected, repeated and wrapped borders are added to the positions they were read
 * from, axis by axis; negative pads cut before the border is read, as onnxruntime does.
 */
export const pad: VjpRule = ({ node, b, cotangents, needs }) => {
  const [x] = node.inputs;
  const dy = cotangents[0] as string;
  const shape = b.shape(x);
  const pads = constantInput(node, b, 1, 'pads') ?? [];
  const axes =
    constantInput(node, b, 3, 'axes')?.map((axis) => fromFront(axis, shape.length)) ?? shape.map((_, i) => i);
  const before = shape.map(() => 0);
  const after = shape.map(() => 0);
  axes.forEach((axis, i) => {
    before[axis] = pads[i];
    after[axis] = pads[axes.length + i];
  });
  const mode = getString(node, 'mode', 'constant');
  if (mode === 'constant') {
    const dx = unpad(b, dy, before, after);
    if (!needs(2)) return [dx];
    const all = shape.map((_, axis) => axis);
    const border = b.sub(b.sum(dy, all, false), b.sum(dx, all, false));
    return [needs(0) ? dx : null, null, b.reshape(border, b.shape(node.inputs[2]))];
  }
  const read = READS[mode];
  if (!read) throw unsupported(node, 'mode', `'${mode}' is not one of constant, ${Object.keys(READS).join(', ')}`);
  let dx = dy;
  shape.forEach((size, axis) => {
    if (before[axis] === 0 && after[axis] === 0) return;
    const cut = Math.max(-before[axis], 0);
    const kept = size - cut - Math.max(-after[axis], 0);
    const reads = Array.from(
      { length: size + before[axis] + after[axis] },
      (_, position) => cut + read(position - Math.max(before[axis], 0), kept),
    );
    dx = addRuns(b, dx, axis, size, runsOf(reads));
  });
  return [dx];
};
