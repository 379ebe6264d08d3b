import { int } from '../../graph/attributes';
import { Builder, blankGraph } from '../../graph/builder';
import type { Graph } from '../../graph/ir';
import type { FloatArray, NdArray } from '../../graph/ndarray';
import { codeOf } from '../../graph/onnx/dtypes';
import type { Runtime, Subject } from '../method';
import { elementsAt } from '../sampling/varied';

/** The value that is explained. */
export interface Explained {
  readonly of: string;
  /** As the model has it. */
  readonly value: NdArray;
  /** The same as float32. */
  readonly x: FloatArray;
}

/** The value that a subject asks about, whatever type it is of. */
export async function explainedValue(subject: Subject, runtime: Runtime): Promise<Explained> {
  const of = subject.at ?? subject.input;
  const value = await elementsAt(subject, of, runtime);
  return { of, value, x: await asFloat(value, runtime) };
}

async function asFloat(value: NdArray, runtime: Runtime): Promise<FloatArray> {
  if (value.dtype === 'float32') return value as FloatArray;
  const key = `float32/${value.dtype}[${value.shape}]`;
  const program = await runtime.compile(key, () => castGraph(value));
  const [result] = (await program.run(new Map([['x', value]]))).values();
  return result as FloatArray;
}

/** One Cast: onnxruntime knows all types of elements. */
function castGraph({ dtype, shape }: NdArray): Graph {
  const b = new Builder(blankGraph('cast'));
  b.setOutputs([b.op('Cast', [b.input('x', dtype, shape)], { to: int(codeOf('float32')) })]);
  return b.graph();
}
