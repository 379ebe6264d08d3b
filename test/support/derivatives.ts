import { Builder } from '../../src/graph/builder';
import { type Attributes, type Graph, type Node, TARGET_OPSET, type Tensor, type TensorType } from '../../src/graph/ir';
import { floating, isFloating, toNumbers } from '../../src/graph/tensor';
import { vjp } from '../../src/ops/vjp';
import { reverse } from '../../src/reverse/driver';
import { lower } from '../../src/reverse/lower';
import { type NdArray, ndarray } from './evaluator/array';
import { Evaluator, type Feeds, type Values } from './evaluator/evaluator';
import { runInOnnxruntime } from './onnxruntime';
import { Random } from './random';

/** A graph with what to feed it. */
export interface Trial {
  readonly graph: Graph;
  readonly feeds: Feeds;
}

const isTensor = (x: NdArray | Tensor): x is Tensor => 'source' in x;

/** Makes the graph's types complete by running it in the reference, and declares its outputs. */
export function typed(graph: Graph, feeds: Feeds, outputs: readonly string[]): Graph {
  const types = new Map<string, TensorType>();
  for (const [name, { dtype, shape }] of new Evaluator(graph).run(feeds)) types.set(name, { dtype, shape });
  return { ...graph, types, outputs: outputs.map((name) => ({ name, ...(types.get(name) as TensorType) })) };
}

/** A graph of the nodes given; arrays become inputs of these names, tensors initializers. */
export function trialOf(
  nodes: readonly Node[],
  values: Readonly<Record<string, NdArray | Tensor>>,
  outputs: readonly string[],
): Trial {
  const feeds: Record<string, NdArray> = {};
  const initializers = new Map<string, Tensor>();
  for (const [name, value] of Object.entries(values)) {
    if (isTensor(value)) initializers.set(name, value);
    else feeds[name] = value;
  }
  const inputs = Object.entries(feeds).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const opsets = { '': TARGET_OPSET };
  const graph: Graph = {
    name: 'trial',
    opsets,
    inputs,
    outputs: [],
    initializers,
    nodes,
    types: new Map(),
    metadata: {},
  };
  return { graph: typed(graph, feeds, outputs), feeds };
}

export const nodeOf = (
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Attributes = {},
): Node => ({ op, domain: '', name: `${op}_node`, inputs, outputs, attributes });

/** A graph of one node with inputs x0, x1, … and outputs y0, y1, …; arrays are fed, tensors are initializers. */
export function single(
  op: string,
  inputs: readonly (NdArray | Tensor | undefined)[],
  attributes: Attributes = {},
  outputCount = 1,
): Trial {
  const names = inputs.map((input, i) => (input ? `x${i}` : ''));
  const values = Object.fromEntries(inputs.flatMap((input, i) => (input ? [[names[i], input]] : [])));
  const outputs = Array.from({ length: outputCount }, (_, i) => `y${i}`);
  return trialOf([nodeOf(op, names, outputs, attributes)], values, outputs);
}

/** The same trial in double precision; the scales of Resize are float32 in any case. */
export function inDouble({ graph, feeds }: Trial): Trial {
  const scales = new Set(graph.nodes.flatMap(({ op, inputs }) => (op === 'Resize' ? [inputs[2]] : [])));
  const initializers = new Map(
    [...graph.initializers].map(([name, tensor]) => [
      name,
      tensor.dtype === 'float32' && !scales.has(name)
        ? floating('float64', Array.from(toNumbers(tensor)), tensor.shape)
        : tensor,
    ]),
  );
  const values = Object.fromEntries(
    Object.entries(feeds).map(([name, x]) => [name, x.dtype === 'float32' ? { ...x, dtype: 'float64' as const } : x]),
  );
  return trialOf(
    graph.nodes,
    { ...values, ...Object.fromEntries(initializers) },
    graph.outputs.map(({ name }) => name),
  );
}

/** The trial in a line, for messages. */
export function describeTrial({ graph, feeds }: Trial): string {
  const nodes = graph.nodes.map(({ op, inputs, attributes }) => {
    const flags = Object.entries(attributes).map(([name, { value }]) => `${name}=${JSON.stringify(value)}`);
    return `${op}(${inputs.join(', ')}) ${flags.join(' ')}`;
  });
  const fed = Object.entries(feeds).map(([name, { dtype, shape }]) => `${name} ${dtype}[${shape}]`);
  return `${nodes.join('; ')}, fed ${fed.join(', ')}`;
}

/** The generated graph with its cotangents as inputs and the gradients, in the order of `wanted`, as outputs. */
interface Backward extends Trial {
  readonly wanted: readonly string[];
  /** Names of the outputs; undefined where nothing flows back. */
  readonly gradients: readonly (string | undefined)[];
}

function backward(
  { graph, feeds }: Trial,
  wanted: readonly string[],
  seeded: readonly string[],
  random: Random,
  prefix: string,
): Backward {
  const b = new Builder(graph);
  const allFeeds: Record<string, NdArray> = { ...feeds };
  const seeds = new Map<string, string>();
  for (const name of seeded) {
    const { dtype } = b.type(name);
    const shape = b.shape(name);
    const cotangent = b.input(`u_${name}`, dtype, shape);
    allFeeds[cotangent] = { ...random.array(shape), dtype };
    seeds.set(name, cotangent);
  }
  const found = reverse(b, graph.nodes, vjp, seeds, wanted);
  // Two inputs may share one gradient; outputs need names of their own.
  const gradients = wanted.map((name) => {
    const gradient = found.get(name);
    return gradient ? b.alias(gradient, `${prefix}_${name}`) : undefined;
  });
  b.setOutputs(gradients.filter((name) => name !== undefined));
  return { graph: b.graph(), feeds: allFeeds, wanted, gradients };
}

/** The gradients of Σ cotangent·output by the floating inputs, in the reference; zeros where nothing flows back. */
export function gradientsOf(trial: Trial, cotangents: Readonly<Record<string, NdArray>>): NdArray[] {
  const wanted = Object.keys(trial.feeds).filter((name) => isFloating(trial.feeds[name].dtype));
  const back = backward(trial, wanted, Object.keys(cotangents), new Random(1), 'd');
  const seeds = Object.fromEntries(Object.entries(cotangents).map(([name, u]) => [`u_${name}`, u]));
  const values = new Evaluator(back.graph).run({ ...back.feeds, ...seeds });
  return wanted.map((name, i) => {
    const gradient = back.gradients[i];
    return gradient ? (values.get(gradient) as NdArray) : ndarray(trial.feeds[name].dtype, trial.feeds[name].shape);
  });
}

const norm = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
const dot = (x: Float64Array, y: Float64Array): number => x.reduce((sum, value, i) => sum + value * y[i], 0);

/** Every value that the builder gave a type must have it when the reference runs the graph. */
function checkTypes(graph: Graph, values: Values, what: string): void {
  for (const node of graph.nodes) {
    for (const name of node.outputs) {
      const declared = graph.types.get(name);
      const value = values.get(name);
      if (!declared || !value) continue;
      if (declared.dtype !== value.dtype || `${declared.shape}` !== `${value.shape}`) {
        throw new Error(
          `${what}: ${node.op} makes ${value.dtype}[${value.shape}], declared ${declared.dtype}[${declared.shape}]`,
        );
      }
    }
  }
}

/** Steps of the difference quotients: fourth order, so their error is far below the tolerance. */
const STEP = 1e-4;

/** d/dt φ(x + t·v) at 0. */
function slope(score: (x: NdArray) => number, x: NdArray, v: Float64Array, step = STEP): number {
  const at = (t: number): number =>
    score(
      ndarray(
        x.dtype,
        x.shape,
        x.data.map((value, i) => value + t * v[i]),
      ),
    );
  return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
}

/** Inputs of up to so many elements are checked element by element. */
const ELEMENTWISE = 40;
const TOLERANCE = 1e-6;

/** Compares gradients that the reference computed with difference quotients of the forward graph in the reference. */
function checkDifferences(
  forward: Trial,
  seeded: readonly string[],
  back: Backward,
  values: Values,
  random: Random,
  what: string,
) {
  const evaluator = new Evaluator(forward.graph);
  const score = (feeds: Feeds): number => {
    const run = evaluator.run(feeds);
    return seeded.reduce((sum, name) => sum + dot((run.get(name) as NdArray).data, back.feeds[`u_${name}`].data), 0);
  };
  const scale = seeded.reduce(
    (sum, name) => sum + norm((values.get(name) as NdArray).data) * norm(back.feeds[`u_${name}`].data),
    0,
  );
  back.wanted.forEach((input, index) => {
    const x = forward.feeds[input];
    const name = back.gradients[index];
    const gradient = name ? (values.get(name) as NdArray).data : new Float64Array(x.data.length);
    const along = (v: Float64Array): void => {
      const scoreAt = (moved: NdArray): number => score({ ...forward.feeds, [input]: moved });
      const expected = slope(scoreAt, x, v);
      const actual = dot(gradient, v);
      const allowed = TOLERANCE * (norm(gradient) * norm(v) + 0.01 * scale + 0.1);
      if (Math.abs(actual - expected) <= allowed) return;
      // What another step gives tells how far the quotients can be trusted: not at all across a kink.
      const trust = Math.abs(slope(scoreAt, x, v, STEP / 3) - expected);
      if (!(Math.abs(actual - expected) <= allowed + 3 * trust)) {
        const place = v.filter((value) => value !== 0).length === 1 ? `element ${v.indexOf(1)}` : 'a random direction';
        throw new Error(
          `${what}: derivative by ${input} [${x.shape}] along ${place} is ${actual}, differences give ${expected}`,
        );
      }
    };
    for (let i = 0; i < x.data.length && x.data.length <= ELEMENTWISE; i++)
      along(x.data.map((_, k) => Number(k === i)));
    along(random.array(x.shape).data);
  });
}

/** Runs the graph in float32 in onnxruntime and compares its outputs with the reference's. */
async function checkRuntime({ graph, feeds }: Trial, values: Values, tolerance: number, what: string): Promise<void> {
  if (graph.outputs.length === 0) return;
  for (const [name, actual] of await runInOnnxruntime(graph, feeds)) {
    const expected = values.get(name) as NdArray;
    if (`${actual.shape}` !== `${expected.shape}`) {
      throw new Error(`${what}: onnxruntime makes ${name} [${actual.shape}], the reference [${expected.shape}]`);
    }
    const error = norm(actual.data.map((value, i) => value - expected.data[i]));
    if (!(error <= tolerance * (norm(expected.data) + 0.1 * Math.sqrt(expected.data.length)))) {
      throw new Error(`${what}: ${name} in onnxruntime is off by ${error} of ${norm(expected.data)}`);
    }
  }
}

/** What lowering for each provider makes of the graph must still be the same function. */
function checkLowering({ graph, feeds }: Trial, values: Values, what: string): void {
  for (const provider of ['cpu', 'webgpu'] as const) {
    const lowered = lower(graph, provider);
    const run = new Evaluator(lowered).run(feeds);
    checkTypes(lowered, run, `${what} lowered for ${provider}`);
    for (const { name } of graph.outputs) {
      const expected = (values.get(name) as NdArray).data;
      const actual = (run.get(name) as NdArray).data;
      const error = norm(actual.map((value, i) => value - expected[i]));
      if (!(error <= TOLERANCE * (norm(expected) + 0.1))) {
        throw new Error(`${what}: ${name} lowered for ${provider} is off by ${error} of ${norm(expected)}`);
      }
    }
  }
}

export interface CheckOptions {
  /** Seed of the cotangents and directions. */
  readonly seed?: number;
  /** Inputs to differentiate by; all floating ones by default. */
  readonly wanted?: readonly string[];
  /** Outputs that get a cotangent; all floating ones by default. */
  readonly seeded?: readonly string[];
  /** Differentiate the generated graph again; true by default. */
  readonly second?: boolean;
  /** Run the generated graphs in onnxruntime; true by default. It has no kernels for some types. */
  readonly runtime?: boolean;
  /** Relative L2 error allowed to onnxruntime's float32 against the reference; 1e-4 by default. */
  readonly runtimeTolerance?: number;
}

/**
 * Checks the vector-Jacobian products of a graph:
 * - the generated graph, run by the float64 reference, against difference quotients of the forward graph, ⟨Jᵀu, v⟩ =
 *   ⟨u, Jv⟩ in a random direction, and element by element where the input is small;
 * - the types the builder gave its values against those that appear;
 * - what lowering makes of the generated graph for each provider, in the reference;
 * - the graph lowered for the CPU in onnxruntime, float32, against the reference;
 * - differences and onnxruntime once more for the gradient of the generated graph, by the inputs and by the cotangents.
 *
 * @throws Error that says which of them failed where
 */
export async function checkGradient(trial: Trial, options: CheckOptions = {}): Promise<void> {
  const random = new Random(options.seed ?? 1);
  const tolerance = options.runtimeTolerance ?? 1e-4;
  const floating = (names: readonly string[]): string[] =>
    names.filter((name) => isFloating((trial.graph.types.get(name) as TensorType).dtype));
  const wanted = options.wanted ?? floating(Object.keys(trial.feeds));
  const seeded = options.seeded ?? floating(trial.graph.outputs.map(({ name }) => name));
  const label = describeTrial(trial);

  const first = backward(trial, wanted, seeded, random, 'd');
  const values = new Evaluator(first.graph).run(first.feeds);
  checkTypes(first.graph, values, label);
  checkDifferences(trial, seeded, first, values, random, label);
  checkLowering(first, values, label);
  if (options.runtime !== false) {
    await checkRuntime({ ...first, graph: lower(first.graph, 'cpu') }, values, tolerance, label);
  }

  if (options.second === false) return;
  const again = first.gradients.filter((name) => name !== undefined);
  if (again.length === 0) return;
  const inputs = floating(wanted).concat(seeded.map((name) => `u_${name}`));
  const secondOrder = backward(first, inputs, again, random, 'dd');
  const secondValues = new Evaluator(secondOrder.graph).run(secondOrder.feeds);
  checkTypes(secondOrder.graph, secondValues, `second order of ${label}`);
  checkDifferences(first, again, secondOrder, secondValues, random, `second order of ${label}`);
  if (options.runtime !== false) {
    await checkRuntime(secondOrder, secondValues, tolerance, `second order of ${label}`);
  }
}
