import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { replaceFile, writeAll } from '../graph/dataFile';
import { PrismError } from '../graph/errors';
import type { Graph } from '../graph/ir';
import { configNames } from '../inputs/discover';
import { formatConfig } from '../inputs/settings';
import { METHODS, methodById } from '../methods/index';
import type { Method } from '../methods/method';
import type {
  ClassScore,
  EngineInfo,
  ExplainParams,
  Explanation,
  LayerInfo,
  MethodSummary,
  ModelInfo,
  RemoteError,
  ScalarMap,
} from '../protocol';
import type { EngineApi } from '../protocol/service';
import type { ModelSource, SourceApi } from '../protocol/source';
import type { MapChange, StudyApi } from '../protocol/study';
import { lower } from '../reverse/lower';
import { type CallContext, toRemoteError } from '../rpc';
import { buildId } from './build';
import { channelBlock } from './channelBlock';
import { topClasses } from './classes';
import { defaultShapes } from './defaultShapes';
import type { Desk, Worked } from './desk';
import { detectedBoxes, writeScore } from './detected';
import { mapLikeness, strongestOverlap } from './divergence/likeness';
import { type Answer, classify, explain, pfvOf, positionIn, type Question } from './explain';
import { Explanations, type LivingExplanation } from './explanations';
import type { Scratch } from './judge';
import { modelLayers } from './layers';
import { layerMap, mapOfLocations, statistics } from './maps';
import { type Model, Models } from './model';
import { locationsOf } from './parts';
import { Programs, type ProgramsOptions } from './programs';
import { chooseProvider, listProviders, type ProviderChoice, parseProvider } from './provider';
import { type Explained, type ExplainReport, reportOf } from './report';
import { ModelRuntime, type Request, Requests } from './requests';
import { savable } from './savable';
import { saveExplanation } from './save';
import { Sources } from './sources';
import { GraphStore } from './store';
import { type Given, photographOf, pictureOfInput, prepare } from './subject';

export interface EngineOptions {
  /** Names the release: what another one has cached is not used. */
  readonly version: string;
  /** Bound on the folder of compiled graphs. */
  readonly maxCacheBytes?: number;
  /** Bound on the memory of loaded graphs. */
  readonly maxSessionBytes?: number;
  readonly methods?: readonly Method[];
}

const MAX_CACHE_BYTES = 4 * 2 ** 30;
const MAX_SESSION_BYTES = 2 * 2 ** 30;
const TOP = 5;

/** The model at the shapes it is explained at by default, and the layers it shows. */
async function layersOf(model: Model): Promise<{ graph: Graph; layers: readonly LayerInfo[] }> {
  const input = model.description.settings.inputName ?? model.graph.inputs[0]?.name;
  if (input === undefined) throw new PrismError('NO_INPUTS', `${model.path} has no inputs`);
  const { graph } = await model.specialised(defaultShapes(model));
  return { graph, layers: modelLayers(graph, input) };
}

/** What is made when the engine is initialised. */
interface Running {
  readonly choice: ProviderChoice;
  readonly programs: Programs;
  readonly models: Models;
  readonly store: GraphStore | undefined;
  /** Programs that nothing is kept of. */
  readonly scratch: () => Programs;
}

/** Classes of a prediction. */
export interface Prediction {
  readonly model: ModelInfo;
  readonly classes: readonly ClassScore[];
  readonly provider: string;
  readonly ms: Readonly<Record<string, number>>;
  readonly warnings: readonly RemoteError[];
}

/**
 * Models, methods and what is computed with them. Knows nothing of processes: the editor talks to one in a child
 * process, the command line has its own.
 */
export class Engine implements Omit<EngineApi, keyof StudyApi | 'silent'> {
  readonly #options: EngineOptions;
  readonly #requests = new Requests();
  readonly #explanations = new Explanations();
  readonly #sources = new Sources();
  #running?: Running;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Chooses the provider and the cache folder (null: none). What ran before is dropped. */
  async initialize({ cacheDir, provider }: { cacheDir: string | null; provider: string }): Promise<EngineInfo> {
    const { version, maxCacheBytes = MAX_CACHE_BYTES, maxSessionBytes = MAX_SESSION_BYTES } = this.#options;
    const choice = await chooseProvider(parseProvider(provider));
    const store = cacheDir === null ? undefined : new GraphStore(join(cacheDir, 'graphs'), maxCacheBytes);
    const block = choice.provider === 'cpu' ? await channelBlock() : 0;
    const settings: ProgramsOptions = {
      provider: choice.provider,
      version: `${version}+${buildId}+${block}`,
      maxBytes: maxSessionBytes,
      lower: (graph, target) => lower(graph, target, block),
      onFallback: (reason) => this.#requests.current?.warnings.push(reason),
    };
    const programs = new Programs({ ...settings, ...(store && { store }) });
    this.#running?.programs.dispose();
    const models = new Models(programs, this.#requests);
    this.#running = { choice, programs, store, models, scratch: () => new Programs(settings) };
    return {
      version,
      pid: process.pid,
      providers: listProviders(),
      provider: choice.provider,
      ...(choice.reason !== undefined && { reason: choice.reason }),
    };
  }

  /** Lets go of all native memory. */
  dispose(): void {
    this.#running?.programs.dispose();
    this.#running = undefined;
  }

  /** Bytes in the cache folder; 0 without one. */
  get cacheBytes(): number {
    return this.#running?.store?.size() ?? 0;
  }

  async methods(_params: Record<string, never> = {}): Promise<readonly MethodSummary[]> {
    return (this.#options.methods ?? METHODS).map(({ info }) => info);
  }

  async model({ path }: { path: string }, context?: CallContext): Promise<ModelInfo> {
    return this.#requests.run(context, async () => this.#info(await this.#get(path)));
  }

  async predict(
    { model, image }: { model: string; image: string },
    context?: CallContext,
  ): Promise<{ top: readonly ClassScore[]; ms: number; provider: string }> {
    const { classes, ms, provider } = await this.classes(model, { image }, context);
    return { top: topClasses(classes, TOP), ms: ms.total, provider };
  }

  /** The scores of all classes for what was given. */
  async classes(path: string, given: Given, context?: CallContext): Promise<Prediction> {
    return this.#requests.run(context, async (request) => {
      const model = await this.#get(path);
      const prepared = await prepare(model, given, request);
      const classes = await classify(model, prepared, request);
      return {
        model: this.#info(model),
        classes,
        provider: this.#ready.choice.provider,
        ms: request.ms(),
        warnings: this.#warnings(model, request),
      };
    });
  }

  async layers({ model: path }: { model: string }, context?: CallContext): Promise<readonly LayerInfo[]> {
    return this.#requests.run(context, async () => {
      const model = await this.#get(path);
      return (await layersOf(model)).layers;
    });
  }

  async source(
    { model: path, root, open }: Parameters<SourceApi['source']>[0],
    context?: CallContext,
  ): Promise<ModelSource> {
    return this.#requests.run(context, async () => {
      const model = await this.#get(path);
      const { graph, layers } = await layersOf(model);
      return this.#sources.of(model, graph, layers, root, open);
    });
  }

  async explain(params: ExplainParams, context?: CallContext): Promise<Explanation> {
    return this.#requests.run(context, async (request) => {
      const model = await this.#get(params.model);
      const method = this.#method(params.method);
      const { inputs, ...question } = params;
      const given = inputs && { inputs: new Map(Object.entries(inputs)) };
      const answer = await explain(model, method, { ...question, ...given }, request);
      const { target, prepared, attribution } = answer;
      const shown = answer.classes[target.index ?? -1];
      const { seen, text, row } = prepared;
      if ((!seen && !text && !row && !inputs) || !shown)
        throw new PrismError('INPUT_MISSING', 'nothing to explain was given; name a picture, a text or a row');
      const picture = inputs && params.image;
      const photograph = await (seen ? photographOf(seen) : picture && pictureOfInput(picture, prepared));
      const report = this.#report(params.model, answer, request);
      const map = locationsOf(answer);
      const boxes = photograph && detectedBoxes(answer, photograph);
      return {
        id: this.#explanations.keep({ answer, report, ...(photograph && { photograph }) }),
        model: this.#info(model),
        method: method.info,
        options: answer.options,
        target: { ...shown, score: target.score, ...(boxes && { probability: target.score }) },
        top: answer.top,
        ...(boxes && { boxes, score: writeScore(answer.score) }),
        ...(prepared.position !== undefined && { token: prepared.position }),
        ...(params.where !== undefined && { where: params.where }),
        ...(photograph && { photograph }),
        ...(text && { text: { ...text, tokens: report.tokens ?? [] } }),
        ...(row && { row: { name: row.name, features: report.features ?? [] } }),
        map,
        statistics: statistics(map.data),
        ...(attribution.conservation && { conservation: attribution.conservation }),
        layers: answer.layers,
        provider: report.provider,
        ms: report.ms,
        warnings: report.warnings ?? [],
      };
    });
  }

  /** Explains with all that the command line can ask for. */
  async attribute(path: string, methodId: string, question: Question, context?: CallContext): Promise<Explained> {
    return this.#requests.run(context, async (request) => {
      const model = await this.#get(path);
      const answer = await explain(model, this.#method(methodId), question, request);
      return { answer, report: this.#report(path, answer, request), map: locationsOf(answer) };
    });
  }

  /** Does work on a model that takes more than one question: judging explanations, comparing them. */
  async work<R>(path: string, task: (desk: Desk) => Promise<R>, context?: CallContext): Promise<Worked<R>> {
    return this.#requests.run(context, async (request) => {
      const model = await this.#get(path);
      const desk = {
        model,
        request,
        scratch: () => this.#scratch(),
        warn: (warning: PrismError) => void request.warnings.push(warning),
      };
      const result = await task(desk);
      return {
        result,
        provider: this.#ready.choice.provider,
        ms: request.ms(),
        warnings: this.#warnings(model, request),
      };
    });
  }

  async layerMaps(
    { explanation, layers }: { explanation: string; layers: readonly string[] },
    context?: CallContext,
  ): Promise<readonly ScalarMap[]> {
    return this.about(explanation, async ({ maps }) => layers.map((layer) => layerMap(maps, layer)), context);
  }

  async receptiveField(
    { explanation, layer, x, y }: { explanation: string; layer: string; x: number; y: number },
    context?: CallContext,
  ): Promise<ScalarMap> {
    const field = async (answer: Answer): Promise<ScalarMap> => {
      const pfv = pfvOf(answer);
      return mapOfLocations(await pfv.receptiveField(layer, positionIn(pfv, layer, x, y)));
    };
    return this.about(explanation, field, context);
  }

  async readers(
    { explanation, layer, x, y }: { explanation: string; layer: string; x: number; y: number },
    context?: CallContext,
  ): Promise<ScalarMap> {
    const reading = async (answer: Answer): Promise<ScalarMap> => {
      const pfv = pfvOf(answer);
      return layerMap(await pfv.readers(positionIn(pfv, pfv.layers[0].value, x, y)), layer);
    };
    return this.about(explanation, reading, context);
  }

  async save({ explanation, path, judged }: Parameters<EngineApi['save']>[0]): Promise<void> {
    await saveExplanation(savable(this.#explanations.get(explanation), judged), path);
  }

  /** Writes an explanation to a file, in the format that the file's name says. */
  async write({ answer, report }: Explained, path: string): Promise<void> {
    const photograph = answer.prepared.seen && (await photographOf(answer.prepared.seen));
    await saveExplanation(savable({ answer, report, ...(photograph && { photograph }) }), path);
  }

  async release({ explanation }: { explanation: string }): Promise<void> {
    this.#explanations.release(explanation);
  }

  async compareMaps({ first, second }: { first: ScalarMap; second: ScalarMap }): Promise<MapChange | null> {
    if (first.width !== second.width || first.height !== second.height) return null;
    const { correlation } = mapLikeness(first.data, second.data);
    return { correlation, overlap: strongestOverlap(first.data, second.data) };
  }

  async writeConfig({ model: path }: { model: string }): Promise<string> {
    return this.#requests.run(undefined, async () => {
      const model = await this.#get(path);
      const { settings, labelsFile, featuresFile } = model.description;
      const folder = dirname(model.path);
      const file = join(folder, configNames(model.path)[0]);
      if (existsSync(file)) {
        throw new PrismError(
          'CONFIG_EXISTS',
          `${file} is there already; edit it, or remove it to have it written anew`,
          { file },
        );
      }
      const nameOf = (path: string | undefined): string | undefined =>
        path && relative(folder, path).replaceAll('\\', '/');
      const text = Buffer.from(formatConfig(settings, nameOf(labelsFile), nameOf(featuresFile)));
      replaceFile(file, (descriptor) => writeAll(descriptor, text, 0));
      return file;
    });
  }

  /** Asks an explanation that lives, as a request. Throws EXPLANATION_GONE. */
  protected about<R>(
    explanation: string,
    question: (answer: Answer) => Promise<R>,
    context: CallContext | undefined,
  ): Promise<R> {
    return this.#requests.run(context, async () => question(this.#explanations.get(explanation).answer));
  }

  /** An explanation that can be asked further questions. Throws EXPLANATION_GONE. */
  protected living(explanation: string): LivingExplanation {
    return this.#explanations.get(explanation);
  }

  /** An explanation that is kept, as a program in the same process gets it. */
  protected kept(id: string): Explained {
    const { answer, report } = this.#explanations.get(id);
    return { answer, report, map: locationsOf(answer) };
  }

  get #ready(): Running {
    if (this.#running) return this.#running;
    throw new PrismError('NOT_INITIALIZED', 'the engine was not initialised');
  }

  #scratch(): Scratch {
    const programs = this.#ready.scratch();
    const runtime = new ModelRuntime(programs, this.#requests, 'scratch', '', () => {});
    return { runtime, dispose: () => programs.dispose() };
  }

  #get(path: string): Promise<Model> {
    return this.#ready.models.get(path);
  }

  #method(id: string): Method {
    return this.#options.methods?.find(({ info }) => info.id === id) ?? methodById(id);
  }

  #info(model: Model): ModelInfo {
    return model.info(this.#ready.choice.provider);
  }

  #warnings(model: Model, request: Request): RemoteError[] {
    const failure = this.#ready.store?.failure;
    return [...model.warnings, ...[...request.warnings, ...(failure ? [failure] : [])].map(toRemoteError)];
  }

  #report(path: string, answer: Answer, request: Request): ExplainReport {
    const provider = request.warnings.some(({ code }) => code === 'PROVIDER_FALLBACK')
      ? 'cpu'
      : this.#ready.choice.provider;
    return reportOf(path, answer, locationsOf(answer), provider, request.ms(), this.#warnings(answer.model, request));
  }
}
