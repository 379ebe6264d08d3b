import type { PythonFile } from '../file';
import type { Library } from '../values';

/** Whose a module is, by its dotted name. */
export function libraryOf(module: string): Library {
  if (/^torch(\.|$)/.test(module)) return 'torch';
  return /^(keras|tf_keras|tensorflow)(\.|$)/.test(module) ? 'keras' : 'other';
}

/** Functions of `keras.layers` that make a layer and call it. */
export const MERGING: ReadonlySet<string> = new Set([
  'add',
  'average',
  'concatenate',
  'dot',
  'maximum',
  'minimum',
  'multiply',
  'subtract',
]);

/** What operators on tensors are called after: layers of their own, in Keras 3 and before. */
export const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  '+': ['Add', 'tf.__operators__.add'],
  '-': ['Subtract', 'tf.math.subtract'],
  '*': ['Multiply', 'tf.math.multiply'],
  '/': ['TrueDivide', 'tf.math.truediv'],
  '@': ['Matmul', 'tf.linalg.matmul'],
};

const using = new WeakMap<PythonFile, boolean>();

/** Whether a file imports Keras. */
export function usesKeras(file: PythonFile): boolean {
  const known = using.get(file) ?? [...file.imports.values()].some(({ module }) => libraryOf(module) === 'keras');
  using.set(file, known);
  return known;
}

/** The name that a layer of a class has when it is given none, without its number: `GlobalMaxPooling2D` → `global_max_pooling2d`. */
export const defaultName = (type: string): string =>
  type
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
