import { PrismError } from '../graph/errors';
import { type Graph, typeOf } from '../graph/ir';
import { type FloatArray, floatArray } from '../graph/ndarray';
import { isElementType, toFloat32 } from '../inputs/elements';
import { METHODS } from '../methods/index';
import type { Attribution, Method, Options, OptionValue, PfvExplanation, Score, Subject } from '../methods/method';
import { varied } from '../methods/sampling/varied';
import type { ClassScore, LayerInfo, ScalarMap, Where } from '../protocol';
import {
  allClasses,
  type ClassOutput,
  classOutput,
  classScore,
  requireFinite,
  targetIndex,
  topClasses,
  writtenScore,
} from './classes';
import { findValue, pfvLayers } from './layers';
import { asShown, channelAxis, mapOfLocations, sumChannels } from './maps';
import type { Model } from './model';
import { completeOptions } from './options';
import { readRegion, regionOf } from './region';
import type { Request } from './requests';
import { type Given, type Prepared, prepare } from './subject';

/** How many classes are listed. */
const TOP = 5;
/** Key of the model itself as a program. */
const FORWARD = 'forward';

/** What a person asks of a method. */
export interface Question extends Given {
  readonly target?: number | string;
  /** One element of an output instead of a class, `OUTPUT[0,4,:,17]`. */
  readonly score?: string;
  /** A file: the positions of a dense output that count. */
  readonly region?: string;
  /** Of a dense output: only the positions where the class is the highest, or a part of the photograph. */
  readonly where?: Where;
  /** Of an output with a label for every token: which token's is explained; the first word's when absent. */
  readonly token?: number;
  /** The attribution of this value (its name or a unique end of it) instead of the input. */
  readonly at?: string;
  /** The receptive field of one PFV. */
  readonly erf?: { readonly value: string; readonly y: number; readonly x: number };
  readonly options?: Readonly<Record<string, OptionValue>>;
}

/** What was explained. `index` is null for a score that is no class. */
export interface Explained {
  readonly index: number | null;
  readonly label: string;
  readonly score: number;
}

export interface Answer {
  readonly model: Model;
  readonly method: Method;
  readonly options: Options;
  readonly question: Question;
  readonly prepared: Prepared;
  readonly target: Explained;
  /** All classes of the explained output. */
  readonly classes: readonly ClassScore[];
  readonly top: readonly ClassScore[];
  readonly score: Score;
  readonly attribution: Attribution;
  /** For methods that explain layers: what answers further questions. */
  readonly pfv?: PfvExplanation;
  /** Relevance of every layer. */
  readonly maps?: ReadonlyMap<string, FloatArray>;
  readonly layers: readonly LayerInfo[];
  /** Builders of the graphs that the method ran. */
  readonly graphs: readonly (() => Graph)[];
}

/** The model's output as float32, whatever it is made of. */
function asFloat(name: string, array: { dtype: string; shape: readonly number[]; data: unknown }): FloatArray {
  if (!isElementType(array.dtype))
    throw new PrismError('UNSUPPORTED_OUTPUT', `the output ${name} is of type ${array.dtype}`);
  return floatArray(toFloat32(array.dtype, array.data as Float32Array), array.shape);
}

/** The output that the settings name, as classes, for a model at fixed shapes. */
export function outputOf(
  model: Model,
  { specialised, text, position, labels: names }: Prepared,
  name?: string,
): ClassOutput {
  const { settings, labels } = model.description;
  const wanted = name ?? settings.output.name;
  const output = specialised.graph.outputs.find((value) => value.name === wanted);
  const shape = output?.shape;
  if (!output || !shape?.every((dim) => typeof dim === 'number')) {
    throw new PrismError('UNSUPPORTED_OUTPUT', `the shape of the output ${wanted} depends on the values of the input`);
  }
  const channelsLast = settings.input?.layout.endsWith('C') ?? false;
  // The labels belong to the output that the settings are about.
  const own = wanted === settings.output.name ? (names ?? labels) : undefined;
  const last = position ?? text?.tokens.findLastIndex(({ kind }) => kind !== 'padding');
  const { kind } = settings.output;
  return classOutput(wanted, shape as readonly number[], kind, settings.task, channelsLast, own, last);
}

/** The classes that the model sees. */
export async function classify(model: Model, prepared: Prepared, request: Request): Promise<ClassScore[]> {
  const output = outputOf(model, prepared);
  return allClasses(output, await forward(model, prepared, output.name, request));
}

/** One output of the model. Throws OUTPUT_NAN. */
export async function forward(model: Model, prepared: Prepared, output: string, request: Request): Promise<FloatArray> {
  const { graph, runtime } = prepared.specialised;
  request.stage('running the model');
  const program = await runtime.compile(FORWARD, () => graph);
  const values = (await program.run(prepared.feeds, [output])).get(output);
  if (!values) throw new PrismError('UNKNOWN_OUTPUT', `the model has no output ${JSON.stringify(output)}`);
  requireFinite(output, values.data, model.nanHint);
  return asFloat(output, values);
}

/** A question on its way: what is known before the model has run. */
interface Task {
  readonly model: Model;
  readonly method: Method;
  readonly options: Options;
  readonly question: Question;
  readonly prepared: Prepared;
  readonly request: Request;
  /** The output that the score is of. */
  readonly output: ClassOutput;
  readonly region: FloatArray | undefined;
  /** Undefined: which it is, the model's output tells. */
  readonly score: Score | undefined;
  /** The value that is explained. */
  readonly of: string;
}

/** The options with every value of the graph by its whole name. Throws UNKNOWN_VALUE, AMBIGUOUS_VALUE. */
export function withValues(graph: Graph, { info }: Method, options: Options): Options {
  const named = info.options.filter(({ type, key }) => type === 'value' && options[key] !== '');
  return { ...options, ...Object.fromEntries(named.map(({ key }) => [key, findValue(graph, String(options[key]))])) };
}

/**
 * What a method explains when nobody says: the input, or what the indices of tokens become, as there is nothing between
 * two indices. Methods over attention weights, and those that add up what a token's vector gets, tell of the tokens.
 */
export const explainedBy = ({ info, open }: Method, { embedding, input }: Prepared): string =>
  embedding && !open && info.family !== 'attention' && !info.indices ? embedding.value : input;

/** What was prepared, with the token that counts. Throws TOKEN_OUT_OF_RANGE, NO_TOKEN_OUTPUT. */
function atToken(prepared: Prepared, token: number | undefined): Prepared {
  if (token === undefined) return prepared;
  const count = prepared.text?.tokens.filter(({ kind }) => kind !== 'padding').length ?? 0;
  if (prepared.position === undefined) {
    throw new PrismError('NO_TOKEN_OUTPUT', 'the model does not label single tokens; explain it without naming one');
  }
  if (Number.isInteger(token) && token >= 0 && token < count) return { ...prepared, position: token };
  throw new PrismError('TOKEN_OUT_OF_RANGE', `the text has ${count} tokens, 0 to ${count - 1}; there is no ${token}`);
}

async function begin(model: Model, method: Method, question: Question, request: Request): Promise<Task> {
  const given = completeOptions(method.info, question.options);
  const prepared = atToken(await prepare(model, question, request), question.token);
  const { graph } = prepared.specialised;
  const options = withValues(graph, method, given);
  const region = question.region === undefined ? undefined : await readRegion(question.region);
  const of = question.at === undefined ? explainedBy(method, prepared) : findValue(graph, question.at);
  const common = { model, method, options, question, prepared, request, region, of };
  if (question.score !== undefined) {
    const names = graph.outputs.map(({ name }) => name);
    const score = writtenScore(question.score, names, region);
    return { ...common, score, output: outputOf(model, prepared, score.output) };
  }
  const output = outputOf(model, prepared);
  if (question.target === undefined) return { ...common, output, score: undefined };
  const index = targetIndex(output, question.target);
  const open = output.boxes !== undefined || question.where !== undefined;
  return { ...common, output, score: open ? undefined : classScore(output, index, region) };
}

/** The class that was asked for, else the one with the highest probability; where it lies, the values tell. */
function chosenScore({ output, region, question, prepared }: Task, values: FloatArray): Score {
  const { target, where } = question;
  const index = target === undefined ? topClasses(allClasses(output, values), 1)[0].index : targetIndex(output, target);
  const within = where === undefined ? region : regionOf(where, output, values, index, prepared);
  return classScore(output, index, within, values);
}

/** The class that a score is of; null when it is another functional of the output. */
export function classOf({ axis, shape, position, boxes }: ClassOutput, { select }: Score): number | null {
  const entry = select[axis];
  if (boxes) return typeof entry === 'number' && entry >= boxes.first ? entry - boxes.first : null;
  const isWhole = (other: number | ':', at: number): boolean =>
    at === 1 && position !== undefined ? other === position : other === ':' || shape[at] === 1 || at === 0;
  const whole = select.every((other, at) => at === axis || isWhole(other, at));
  if (typeof entry !== 'number' || !whole) return null;
  return entry < 0 ? entry + shape[axis] : entry;
}

function answerOf(
  task: Task,
  score: Score,
  attribution: Attribution,
  layers?: Pick<Answer, 'pfv' | 'maps' | 'layers'>,
): Answer {
  const { model, method, options, prepared, output, question, request } = task;
  const classes = allClasses(output, attribution.output);
  const index = classOf(output, score);
  const label = index === null ? (question.score ?? score.output) : output.labels[index];
  return {
    model,
    method,
    options,
    question,
    prepared,
    score,
    target: { index, label, score: attribution.score },
    classes,
    top: topClasses(classes, TOP),
    attribution,
    layers: [],
    graphs: [...request.graphs].flatMap(([key, build]) => (key === FORWARD ? [] : [build])),
    ...layers,
  };
}

/** By a method that explains layers: the explanation stays open for further questions. */
async function explainLayers(task: Task, open: NonNullable<Method['open']>): Promise<Answer> {
  const { model, options, prepared, question, output, of } = task;
  const { specialised, feeds, input } = prepared;
  const subject = { graph: specialised.graph, feeds, input, output: output.name };
  const pfv = await open(subject, options, specialised.runtime);
  requireFinite(output.name, pfv.output.data, model.nanHint);
  const score = task.score ?? chosenScore(task, pfv.output);
  const relevance = await pfv.relevance(score, options);
  const layers = { pfv, maps: relevance.maps, layers: pfvLayers(pfv.layers) };
  const common = { score: relevance.score, output: pfv.output };
  if (question.erf) {
    const value = findValue(specialised.graph, question.erf.value);
    const map = await pfv.receptiveField(value, positionIn(pfv, value, question.erf.x, question.erf.y));
    const actual = map.data.reduce((sum, part) => sum + part, 0);
    const conservation = { what: 'sum of the receptive field against 1', expected: 1, actual, residual: actual - 1 };
    return answerOf(task, score, { ...common, of: input, map, conservation }, layers);
  }
  const map = relevance.maps.get(of);
  if (!map) {
    throw new PrismError(
      'PFV_UNKNOWN_LAYER',
      `no relevance passes the value ${of}; \`layers\` lists those that some passes`,
      { value: of },
    );
  }
  return answerOf(task, score, { ...common, of, map, conservation: relevance.conservation }, layers);
}

/** What a method is asked: about the input, or an inner value. */
export function subjectOf(prepared: Prepared, score: Score, of = prepared.input): Subject {
  const { specialised, feeds, input, range } = prepared;
  const { graph, batched } = specialised;
  const channels = of === input ? prepared.channels : channelAxis(typeOf(graph, of)?.shape ?? []);
  return {
    graph,
    feeds,
    input,
    score,
    batched,
    ...(of !== input && { at: of }),
    ...(channels !== undefined && { channels }),
    ...(range && { range }),
  };
}

/**
 * A model of tokens that begins where they become vectors: what changes an input, to explain or to judge, can change
 * those. Anything else is returned as it is.
 */
export async function fromEmbedding(prepared: Prepared, score: Score): Promise<Prepared> {
  const { embedding, specialised } = prepared;
  if (!embedding) return prepared;
  const { subject, runtime } = await varied(subjectOf(prepared, score, embedding.value), specialised.runtime);
  const { graph, feeds, input } = subject;
  const batched = subject.batched ?? (async () => undefined);
  const channels = channelAxis(typeOf(graph, input)?.shape ?? []);
  return { ...prepared, specialised: { graph, runtime, batched }, feeds, input, channels };
}

/** By a method that explains one value. */
async function explainValue(task: Task): Promise<Answer> {
  const { model, method, options, prepared, question, output, request, of } = task;
  if (question.erf) throw withoutLayers(method);
  const score = task.score ?? chosenScore(task, await forward(model, prepared, output.name, request));
  request.stage(stageOf(method));
  const attribution = await method.explain(subjectOf(prepared, score, of), options, prepared.specialised.runtime);
  requireFinite(score.output, attribution.output.data, model.nanHint);
  return answerOf(task, score, attribution);
}

/** A partial attribution of the input; class activation maps grow at the size of their layer. */
function previewOf(partial: FloatArray, { of, prepared, method }: Task): ScalarMap | undefined {
  const { channels, feeds, input } = prepared;
  if (of !== input) return undefined;
  const whole = partial.shape.join() === feeds.get(input)?.shape.join();
  return asShown(whole ? sumChannels(partial, channels) : mapOfLocations(partial), method.info.relative);
}

const stageOf = ({ info }: Method): string => `explaining by ${info.title}`;

/**
 * Answers a question by a method.
 *
 * @throws PrismError of every kind: what was given, the model, the method and the runtime each have theirs
 */
export async function explain(model: Model, method: Method, question: Question, request: Request): Promise<Answer> {
  const task = await begin(model, method, question, request);
  request.preview = (partial) => previewOf(partial, task);
  request.stage(stageOf(method));
  try {
    return await (method.open ? explainLayers(task, method.open.bind(method)) : explainValue(task));
  } catch (error) {
    throw withAlternatives(error, method);
  }
}

/** What answers questions about single PFVs. Throws METHOD_WITHOUT_LAYERS. */
export function pfvOf({ pfv, method }: Pick<Answer, 'pfv' | 'method'>): PfvExplanation {
  if (pfv) return pfv;
  throw new PrismError('METHOD_WITHOUT_LAYERS', `${method.info.id} explains the input only`);
}

/** The position of a PFV among the location axes of its layer, from column and row of the layer's grid. */
export function positionIn(pfv: PfvExplanation, value: string, x: number, y: number): number[] {
  const locations = pfv.layers.find((layer) => layer.value === value)?.locations ?? [
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ];
  if (locations.length <= 2) return locations.length === 2 ? [y, x] : [x];
  const position = [x];
  let rest = y;
  for (const dim of locations.slice(0, -1).reverse()) {
    position.unshift(rest % dim);
    rest = Math.floor(rest / dim);
  }
  return position;
}

const withoutLayers = ({ info }: Method): PrismError => {
  const able = METHODS.filter((method) => method.open).map((method) => method.info.id);
  return new PrismError(
    'METHOD_WITHOUT_LAYERS',
    `${info.id} knows no receptive fields; these methods do: ${able.join(', ')}`,
  );
};

/** Codes of a method that cannot treat the model, while others may. */
export const BEYOND: ReadonlySet<string> = new Set([
  'UNSUPPORTED_OPERATOR',
  'UNSUPPORTED_ATTRIBUTE',
  'SRD_UNSUPPORTED',
  'NO_LOCATIONS',
]);

/** Names the methods that work on whatever runs; what has a cause, onnxruntime itself refuses, and no method works. */
export function withAlternatives(error: unknown, { info }: Method): unknown {
  if (!(error instanceof PrismError) || !BEYOND.has(error.code) || error.cause !== undefined) return error;
  if (info.family === 'perturbation') return error;
  const methods = METHODS.filter((method) => method.info.family === 'perturbation').map((method) => method.info.id);
  const names = methods.join(', ');
  const message = /perturbation methods?\b/.test(error.message)
    ? `${error.message} (${names})`
    : `${error.message}; perturbation methods work on whatever runs (${names})`;
  return new PrismError(error.code, message, { ...error.details, methods }, { cause: error });
}
