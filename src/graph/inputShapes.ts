import { PrismError } from './errors';
import type { Dim, Graph, ValueInfo } from './ir';

/** Static shapes of inputs, by name. */
export type InputShapes = ReadonlyMap<string, readonly number[]>;

/** Height and width where a model of images leaves them open: the commonest choice. */
const OPEN_SPATIAL = 224;

const text = (shape: readonly (Dim | undefined)[]): string => `[${shape.map((dim) => dim ?? '?').join(', ')}]`;

function mismatch(input: ValueInfo, got: readonly number[], why: string): PrismError {
  const expected = input.shape ? text(input.shape) : 'of any shape';
  return new PrismError(
    'INPUT_SHAPE',
    `the input ${JSON.stringify(input.name)} is ${expected}, not ${text(got)}: ${why}`,
    {
      input: input.name,
      expected: input.shape,
      got,
    },
  );
}

/** Exporters also write `?`, `-1` or `None` for a dimension that is merely open. */
const isName = (dim: Dim): dim is string => typeof dim === 'string' && /^[A-Za-z_]/.test(dim) && dim !== 'None';

/** Notes what the names of dimensions stand for; throws where one would stand for two sizes. */
function bind(input: ValueInfo, shape: readonly number[], names: Map<string, number>): void {
  if (shape.some((dim) => !Number.isSafeInteger(dim) || dim < 0)) {
    throw mismatch(input, shape, 'dimensions are whole numbers');
  }
  if (!input.shape) return;
  if (input.shape.length !== shape.length) {
    throw mismatch(input, shape, `it has ${input.shape.length} dimensions`);
  }
  input.shape.forEach((dim, axis) => {
    if (typeof dim === 'number' && dim !== shape[axis])
      throw mismatch(input, shape, `dimension ${axis} is fixed to ${dim}`);
    if (!isName(dim)) return;
    const known = names.get(dim);
    if (known !== undefined && known !== shape[axis]) {
      throw mismatch(input, shape, `${dim} is ${known} already, from another dimension of that name`);
    }
    names.set(dim, shape[axis]);
  });
}

/** Open dimensions: a batch of one; the sides of what looks like an image; else one. */
function openDim(input: ValueInfo, axis: number): number {
  if (axis === 0 || input.shape?.length !== 4) return 1;
  const channelsLast = [1, 3, 4].includes(Number(input.shape[3])) && typeof input.shape[1] !== 'number';
  const channel = channelsLast ? 3 : 1;
  return axis === channel ? 3 : OPEN_SPATIAL;
}

/**
 * A static shape for every input: what the caller says, then what the model fixes, then a choice. A name that several
 * dimensions share has one size.
 *
 * @param given shapes of some or all inputs
 * @throws PrismError INPUT_SHAPE when a shape does not fit the model; UNKNOWN_INPUT when there is no such input
 */
export function defaultInputShapes(graph: Graph, given: InputShapes = new Map()): InputShapes {
  const names = new Map<string, number>();
  for (const [name, shape] of given) {
    const input = graph.inputs.find((candidate) => candidate.name === name);
    if (!input) {
      const known = graph.inputs.map((candidate) => candidate.name).join(', ');
      throw new PrismError('UNKNOWN_INPUT', `the model has no input ${JSON.stringify(name)}; its inputs are ${known}`);
    }
    bind(input, shape, names);
  }
  const shapes = graph.inputs.map((input): [string, readonly number[]] => {
    const chosen = given.get(input.name);
    if (chosen) return [input.name, chosen];
    const shape = (input.shape ?? []).map((dim, axis) => {
      if (typeof dim === 'number') return dim;
      const size = (isName(dim) ? names.get(dim) : undefined) ?? openDim(input, axis);
      if (isName(dim)) names.set(dim, size);
      return size;
    });
    return [input.name, shape];
  });
  return new Map(shapes);
}
