import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { withoutEmpty } from '../graph/empty';
import { PrismError } from '../graph/errors';
import { importModel } from '../graph/import';
import type { InputShapes } from '../graph/inputShapes';
import { type Graph, typeOf, wiring } from '../graph/ir';
import { inFloat32 } from '../graph/precision';
import { specialise } from '../graph/specialise';
import { discover } from '../inputs/discover';
import { describeModel, type ModelDescription } from '../inputs/load';
import { openTokenizer } from '../inputs/open-tokenizer';
import type { ModelSignature } from '../inputs/settings';
import type { Tokenizer } from '../inputs/tokenizer';
import type { Batched, Runtime } from '../methods/method';
import { unfuse } from '../ops/unfuse';
import type { ModelInfo, RemoteError, ValueSummary } from '../protocol';
import { batched, batchSize } from './batch';
import { Lru } from './lru';
import type { Programs } from './programs';
import { ModelRuntime, type Requests } from './requests';
import { modelChanged } from './store';
import { type BadWeights, countParameters, findBadWeights, referToFile, type Weights } from './weights';

/** Models and input shapes that are kept ready; what they need of memory is their graphs. */
const MAX_MODELS = 8;
const MAX_SHAPES = 4;

/** A model at fixed input shapes. */
export interface Specialised {
  readonly graph: Graph;
  readonly runtime: Runtime;
  /** The model for several inputs at once, as methods are given it. */
  batched(limit: number): Promise<Batched | undefined>;
}

/** A model file as it is now. */
export class Model {
  #tokenizer: Promise<Tokenizer> | undefined;
  #open: Runtime | undefined;
  readonly #shapes = new Lru<Promise<Specialised>>({ maxSize: MAX_SHAPES, sizeOf: () => 1, dispose: () => {} });

  constructor(
    readonly path: string,
    private readonly weights: Weights,
    /** State of the weights' files when they were read. */
    private readonly stamp: string,
    private readonly badWeights: readonly BadWeights[],
    readonly description: ModelDescription,
    private readonly programs: Programs,
    private readonly requests: Requests,
  ) {}

  /** Names the contents of the file. */
  get hash(): string {
    return this.weights.hash;
  }

  /** As imported: dimensions may be open. */
  get graph(): Graph {
    return this.weights.graph;
  }

  get signature(): ModelSignature {
    return signatureOf(this.graph);
  }

  /** The same file read by other settings. */
  describedBy(description: ModelDescription): Model {
    return new Model(this.path, this.weights, this.stamp, this.badWeights, description, this.programs, this.requests);
  }

  /** Another graph of the same weights; `name` says which. */
  withGraph(graph: Graph, name: string): Model {
    const { weights, stamp, badWeights, description, programs, requests } = this;
    const other = { ...weights, graph, hash: `${weights.hash}-${name}` };
    return new Model(this.path, other, stamp, badWeights, description, programs, requests);
  }

  /** What an output without numbers may come from. */
  get nanHint(): string {
    const [first] = this.badWeights;
    if (!first) return 'check that the input is preprocessed as in training';
    return `its weights ${first.name} hold ${first.nan > 0 ? 'NaN' : 'infinite values'}: training has probably diverged`;
  }

  /**
   * What cuts texts into tokens; read once.
   *
   * @throws PrismError TOKENIZER_MISSING, TOKENIZER_NOT_FOUND, TOKENIZER_INVALID
   */
  async tokenizer(): Promise<Tokenizer> {
    const { tokenizer } = this.description;
    if (!tokenizer) {
      throw new PrismError(
        'TOKENIZER_MISSING',
        `nothing says how text becomes the tokens of ${this.path}; put its tokenizer.json, SentencePiece model or vocabulary beside it, or name it in a prism.json ("tokenizer": {"file": …})`,
      );
    }
    this.#tokenizer ??= openTokenizer(tokenizer);
    return this.#tokenizer;
  }

  get warnings(): RemoteError[] {
    const { warnings } = this.description;
    return [
      ...warnings.map(({ code, message, file, line }) => ({ code, message: `${file}:${line}: ${message}` })),
      ...this.badWeights.map(({ name, nan, infinite }) => ({
        code: 'WEIGHTS_NOT_FINITE',
        message: `the weights ${name} hold ${nan} NaN and ${infinite} infinite values; results that depend on them mean nothing`,
        details: { name, nan, infinite },
      })),
    ];
  }

  info(provider: string): ModelInfo {
    const { settings, companions } = this.description;
    const { graph } = this;
    const summary = ({ name }: { name: string }): ValueSummary => {
      const type = typeOf(graph, name);
      return { name, dtype: type?.dtype ?? 'unknown', shape: type?.shape ?? [] };
    };
    const origins = Object.entries(settings.origins);
    return {
      path: this.path,
      name: basename(this.path),
      inputs: graph.inputs.map(summary),
      outputs: graph.outputs.map(summary),
      task: settings.task,
      parameters: countParameters(graph),
      opset: this.weights.opset ?? graph.opsets[''],
      provider,
      settings: origins.map(([key, origin]) => ({
        key,
        value: describeSetting(settings, key),
        origin: origin.source,
      })),
      ...(companions.config !== undefined && { configPath: companions.config }),
      warnings: this.warnings,
    };
  }

  /** Runs the model as it was imported, with dimensions open. */
  get runtime(): Runtime {
    this.#open ??= new ModelRuntime(this.programs, this.requests, this.hash, 'open', () => this.requireUnchanged());
    return this.#open;
  }

  /** The model with these input shapes; made once. */
  async specialised(shapes: InputShapes): Promise<Specialised> {
    const key = [...shapes].map(([name, shape]) => `${name}:${shape.join('x')}`).join(';');
    const known = this.#shapes.get(key);
    if (known) return known;
    const made = this.#specialise(shapes, key);
    this.#shapes.set(key, made);
    try {
      return await made;
    } catch (error) {
      this.#shapes.delete(key);
      throw error;
    }
  }

  async #specialise(shapes: InputShapes, key: string): Promise<Specialised> {
    const graph = unfuse(withoutEmpty(await specialise(this.graph, shapes)));
    const check = (): void => this.requireUnchanged();
    const runtime = new ModelRuntime(this.programs, this.requests, this.hash, key, check);
    return {
      graph,
      runtime,
      batched: async (limit) => {
        const size = batchSize(graph, this.programs.provider, limit);
        if (size === 1) return undefined;
        const many = await runtime.memo(`batched/${size}`, () => batched(this.graph, shapes, size));
        return many && { size, graph: many };
      },
    };
  }

  /** Whether the files that the weights are read from are what they were. */
  isUnchanged(): boolean {
    return stampOf(this.weights) === this.stamp;
  }

  /** Throws MODEL_CHANGED. */
  requireUnchanged(): void {
    if (!this.isUnchanged()) throw modelChanged(this.path);
  }
}

/** A setting's value for people. */
function describeSetting(settings: ModelDescription['settings'], key: string): string {
  const { task, input, inputName, labels, tokenizer, features, output, sourceRoot } = settings;
  const [group, field] = key.split('.');
  if (key === 'labels') return labels ? `${labels.length} names` : 'none';
  if (key === 'features') return features ? `${features.length} columns` : 'none';
  if (key === 'tokenizer') return tokenizer?.file ?? tokenizer?.vocabulary ?? 'none';
  if (key === 'input.name') return inputName ?? 'none';
  const found =
    group === 'input'
      ? input?.[field as keyof typeof input]
      : { task, 'output.name': output.name, 'output.kind': output.kind, 'source.root': sourceRoot }[key];
  if (found === null || found === undefined) return 'none';
  if (field === 'scale' && typeof found === 'number') return `1/${Number((1 / found).toPrecision(6))}`;
  return Array.isArray(found) ? found.join(', ') : String(found);
}

interface Loaded {
  readonly model: Model;
  /** State of the files that describe it. */
  readonly companions: string;
}

/** The models in use, each as its files are now. */
export class Models {
  readonly #loaded: Lru<Loaded>;
  /** What is being looked at right now, so that two requests read a file once. */
  readonly #pending = new Map<string, Promise<Model>>();

  constructor(
    private readonly programs: Programs,
    private readonly requests: Requests,
  ) {
    this.#loaded = new Lru({ maxSize: MAX_MODELS, sizeOf: () => 1, dispose: () => {} });
  }

  /**
   * The model of a file, read again when it or what describes it has changed.
   *
   * @throws PrismError those of importing and of describing a model, MODEL_CHANGED while it is being written
   */
  async get(path: string): Promise<Model> {
    const file = resolve(path);
    const begun = this.#pending.get(file);
    if (begun) return begun;
    const pending = this.#get(file);
    this.#pending.set(file, pending);
    try {
      return await pending;
    } finally {
      this.#pending.delete(file);
    }
  }

  async #get(file: string): Promise<Model> {
    const known = this.#loaded.get(file);
    const companions = await stampOfCompanions(file, known?.model);
    if (known?.model.isUnchanged()) {
      if (known.companions === companions) return known.model;
      return this.#keep(file, known.model.describedBy(await describeModel(file, known.model.signature)));
    }
    const model = await this.#load(file);
    if (known && known.model.hash !== model.hash) this.programs.forget(known.model.hash);
    return this.#keep(file, model);
  }

  async #keep(file: string, model: Model): Promise<Model> {
    this.#loaded.set(file, { model, companions: await stampOfCompanions(file, model) });
    return model;
  }

  async #load(file: string): Promise<Model> {
    const before = stampOfFile(file);
    const imported = importModel(file);
    const badWeights = findBadWeights(imported);
    const stored = referToFile(file, imported);
    const weights = { ...stored, graph: inFloat32(stored.graph) };
    if (stampOfFile(file) !== before) throw modelChanged(file);
    const stamp = stampOf(weights);
    const description = await describeModel(file, signatureOf(imported));
    return new Model(file, weights, stamp, badWeights, description, this.programs, this.requests);
  }
}

function stampOfFile(path: string): string {
  try {
    const { size, mtimeMs } = statSync(path);
    return `${path}:${size}:${mtimeMs}`;
  } catch {
    return `${path}:absent`;
  }
}

const stampOf = ({ files }: Weights): string => files.map(stampOfFile).join('|');

/** Changes when a file that describes the model comes, goes or is edited. */
async function stampOfCompanions(file: string, model: Model | undefined): Promise<string> {
  const { samples: _, ...companions } = await discover(file);
  const { labelsFile, featuresFile, tokenizer } = model?.description ?? {};
  const files = [...Object.values(companions), labelsFile, featuresFile, tokenizer?.file, tokenizer?.vocabulary];
  return files.map((path) => (path === undefined ? '' : stampOfFile(path))).join('|');
}

function signatureOf(graph: Graph): ModelSignature {
  const { producer } = wiring(graph);
  return {
    inputs: graph.inputs,
    outputs: graph.outputs.map((output) => ({ ...output, op: producer.get(output.name)?.op })),
    metadata: graph.metadata,
  };
}
