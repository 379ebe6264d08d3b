import { PrismError } from '../graph/errors';
import { type Graph, typeOf } from '../graph/ir';
import type { NdArray } from '../graph/ndarray';
import { elementCount } from '../graph/tensor';
import { fromFloat32, isElementType } from '../inputs/elements';
import type { Method, Options, Program, Runtime } from '../methods/method';
import type { Unfit } from '../protocol/study';
import { toRemoteError } from '../rpc';
import { classScore } from './classes';
import { defaultShapes } from './defaultShapes';
import { embeddingOf } from './embedding';
import { explainedBy, outputOf, subjectOf, withAlternatives } from './explain';
import type { Model } from './model';
import { completeOptions } from './options';
import type { Request } from './requests';
import type { Prepared } from './subject';
import { asOneRow } from './table';

/** Ends a rehearsal: what is left of the method is arithmetic. */
class Enough extends Error {}

/** How many programs a rehearsal pretends to run: some methods look at a few values before they build their graph. */
const RUNS = 3;

function zeros(graph: Graph, value: string): NdArray {
  const type = typeOf(graph, value);
  const shape = type?.shape?.filter((dim) => typeof dim === 'number');
  if (!type || !shape || shape.length !== type.shape?.length || !isElementType(type.dtype)) throw new Enough();
  return { dtype: type.dtype, shape, data: fromFloat32(new Float32Array(elementCount(shape)), type.dtype) };
}

/** A runtime on which graphs are built and nothing is computed. */
class Rehearsal implements Runtime {
  #runs = 0;

  constructor(
    private readonly request: Request,
    private readonly kept: Map<string, unknown>,
  ) {}

  async compile(_key: string, build: () => Graph): Promise<Program> {
    const graph = build();
    const run: Program['run'] = async (_feeds, outputs = graph.outputs.map(({ name }) => name)) => {
      if (this.#runs++ >= RUNS) throw new Enough();
      return new Map(outputs.map((name) => [name, zeros(graph, name)]));
    };
    return { graph, run };
  }

  memo<T>(key: string, make: () => T): T {
    if (!this.kept.has(key)) this.kept.set(key, make());
    return this.kept.get(key) as T;
  }

  readArray(): never {
    throw new Enough();
  }

  checkCancelled(): void {
    this.request.checkCancelled();
  }

  progress(): void {}
}

/** The model at the shapes that its inputs usually have, fed with zeros. */
async function usual(given: Model): Promise<Prepared> {
  const { model, features } = asOneRow(given);
  const { settings } = model.description;
  const shapes = defaultShapes(model);
  const specialised = await model.specialised(shapes);
  const input = (features ? undefined : settings.inputName) ?? model.graph.inputs[0]?.name;
  if (input === undefined) throw new PrismError('NO_INPUTS', `${model.path} has no inputs`);
  const feeds = new Map([...shapes.keys()].map((name) => [name, zeros(specialised.graph, name)]));
  const channels = settings.input?.name === input ? settings.input.layout.indexOf('C') : 1;
  const embedding = embeddingOf(specialised.graph, input);
  return { specialised, feeds, input, channels: channels < 0 ? undefined : channels, ...(embedding && { embedding }) };
}

async function rehearse(
  method: Method,
  prepared: Prepared,
  options: Options,
  score: ReturnType<typeof classScore>,
  runtime: Runtime,
) {
  const { batched: _, ...subject } = subjectOf(prepared, score, explainedBy(method, prepared));
  if (method.open) await method.open({ ...subject, output: score.output }, options, runtime);
  else await method.explain(subject, options, runtime);
}

/**
 * The methods that the model is beyond, with the reason: their graphs are built as for an explanation, and not run.
 *
 * @throws PrismError where no method fits, as the model itself does not: UNSUPPORTED_OUTPUT, NO_INPUTS and others
 */
export async function unfitMethods(model: Model, methods: readonly Method[], request: Request): Promise<Unfit[]> {
  const prepared = await usual(model);
  const score = classScore(outputOf(model, prepared), 0);
  const kept = new Map<string, unknown>();
  const unfit: Unfit[] = [];
  for (const method of methods) {
    request.checkCancelled();
    try {
      await rehearse(method, prepared, completeOptions(method.info, {}), score, new Rehearsal(request, kept));
    } catch (error) {
      request.checkCancelled();
      // Anything else shows that zeros are no input to compute with, which is no fault of the model.
      if (!(error instanceof PrismError)) continue;
      unfit.push({ method: method.info.id, error: toRemoteError(withAlternatives(error, method)) });
    }
    // Other requests have their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return unfit;
}
