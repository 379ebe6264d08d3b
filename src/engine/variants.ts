import { PrismError } from '../graph/errors';
import { type Graph, typeOf } from '../graph/ir';
import type { NdArray } from '../graph/ndarray';
import { elementCount } from '../graph/tensor';
import { fromFloat32, isElementType, toFloat32 } from '../inputs/elements';
import type { Batched } from '../methods/method';
import type { Prepared } from './subject';

/** Outputs that differ by more, as a share of the largest, are not the same. */
const SAME = 1e-4;

/** Whether a batch gives what single inputs give: found out on the first one. */
interface Trust {
  deserved?: boolean;
}

/** One output of a model for many variants of the input that a person looks at. */
export class Variants {
  readonly #prepared: Prepared;
  readonly #output: string;
  readonly #given: NdArray;

  constructor(prepared: Prepared, output: string) {
    this.#prepared = prepared;
    this.#output = output;
    this.#given = prepared.feeds.get(prepared.input) as NdArray;
  }

  /** The input's elements as they were given. */
  get original(): Float32Array {
    const { dtype, data } = this.#given;
    return isElementType(dtype) ? toFloat32(dtype, data) : new Float32Array(0);
  }

  get shape(): readonly number[] {
    return this.#given.shape;
  }

  /**
   * The output for each variant, in order: in batches where the model takes them, which is tried on the first one.
   *
   * @param make the elements of one variant; asked for once each, in order
   */
  async *outputs(count: number, make: (index: number) => Float32Array): AsyncGenerator<Float32Array> {
    const batch = await this.#batch(count);
    const trust = this.#prepared.specialised.runtime.memo<Trust>(`variants/${batch?.size}/${this.#output}`, () => ({}));
    for (let first = 0; first < count; ) {
      const size = batch && trust.deserved !== false ? Math.min(batch.size, count - first) : 1;
      const chunk = Array.from({ length: size }, (_, i) => make(first + i));
      const together = batch && size > 1 ? await this.#together(batch, chunk, trust) : undefined;
      if (together) yield* together;
      else for (const variant of chunk) yield await this.#single(variant);
      first += size;
    }
  }

  async #batch(count: number): Promise<Batched | undefined> {
    const { graph, batched } = this.#prepared.specialised;
    if (count < 2 || graph.inputs.length > 1) return undefined;
    const many = await batched(count);
    return many && follows(graph, many, this.#output) ? many : undefined;
  }

  async #single(variant: Float32Array): Promise<Float32Array> {
    const { graph } = this.#prepared.specialised;
    return this.#run('forward', graph, variant, this.shape);
  }

  /** Undefined when the batch cannot be run, or mixes what stands in it. */
  async #together(
    { size, graph }: Batched,
    chunk: readonly Float32Array[],
    trust: Trust,
  ): Promise<Float32Array[] | undefined> {
    const count = elementCount(this.shape);
    const joined = new Float32Array(size * count);
    // What is missing in the last batch is filled up with its first variant.
    for (let i = 0; i < size; i++) joined.set(chunk[i] ?? chunk[0], i * count);
    let outputs: Float32Array;
    try {
      outputs = await this.#run(`forward of ${size}`, graph, joined, [size, ...this.shape.slice(1)]);
    } catch (error) {
      this.#prepared.specialised.runtime.checkCancelled();
      if (!(error instanceof PrismError)) throw error;
      trust.deserved = false;
      return undefined;
    }
    const length = outputs.length / size;
    const rows = chunk.map((_, i) => outputs.subarray(i * length, (i + 1) * length));
    const last = chunk.length - 1;
    trust.deserved ??=
      isSame(rows[0], await this.#single(chunk[0])) && isSame(rows[last], await this.#single(chunk[last]));
    return trust.deserved ? rows : undefined;
  }

  async #run(key: string, graph: Graph, data: Float32Array, shape: readonly number[]): Promise<Float32Array> {
    const { feeds, input, specialised } = this.#prepared;
    const { dtype } = this.#given;
    if (!isElementType(dtype)) throw new PrismError('UNSUPPORTED_TYPE', `the input ${input} is of type ${dtype}`);
    const program = await specialised.runtime.compile(key, () => graph);
    const variant = { dtype, shape, data: fromFloat32(data, dtype) };
    const result = (await program.run(new Map([...feeds, [input, variant]]), [this.#output])).get(this.#output);
    if (!result || !isElementType(result.dtype)) {
      throw new PrismError('UNSUPPORTED_OUTPUT', `the output ${this.#output} holds no numbers`);
    }
    return toFloat32(result.dtype, result.data);
  }
}

/** Whether a value's first dimension grows with the batch, and nothing else of it. */
function follows(single: Graph, { graph, size }: Batched, value: string): boolean {
  const [first, ...rest] = typeOf(single, value)?.shape ?? [];
  const [many, ...others] = typeOf(graph, value)?.shape ?? [];
  return first === 1 && many === size && rest.length === others.length && rest.every((dim, i) => dim === others[i]);
}

/** Equal up to what the order of sums changes. */
function isSame(a: Float32Array, b: Float32Array): boolean {
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.every((value, i) => Object.is(value, b[i]) || Math.abs(value - b[i]) <= SAME * largest);
}
