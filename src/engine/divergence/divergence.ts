import { replaceFile, writeAll } from '../../graph/dataFile';
import { PrismError } from '../../graph/errors';
import { typeOf } from '../../graph/ir';
import type { FloatArray, NdArray } from '../../graph/ndarray';
import { extract } from '../../graph/prune';
import { isElementType, toFloat32 } from '../../inputs/elements';
import type { ClassScore, LayerInfo, RemoteError } from '../../protocol';
import type { LayerDivergence, ModelDivergence } from '../../protocol/study';
import type { CallContext } from '../../rpc';
import type { Explaining } from '../compare';
import { type Cell, contactSheet } from '../contactSheet';
import type { Question } from '../explain';
import { modelLayers } from '../layers';
import { renderMap } from '../render';
import type { Explained, ExplainReport } from '../report';
import { photographOf } from '../subject';
import { alignLayers } from './align';
import { mapLikeness, vectorLikeness } from './likeness';
import { quantisedBounds, within } from './quantised';

/** One of the two models. */
export type Side = Pick<ExplainReport, 'model' | 'target' | 'attribution' | 'conservation' | 'ms'> & {
  readonly top: readonly ClassScore[];
};

/** Where two models part on one input, and who they are. */
export interface Divergence extends ModelDivergence {
  readonly method: string;
  readonly models: readonly [Side, Side];
  readonly provider: string;
  readonly warnings?: readonly RemoteError[];
}

export interface DivergenceQuestion extends Omit<Question, 'at' | 'erf'> {
  readonly method: string;
  /** From which mean cosine downward vectors count as pointing elsewhere. */
  readonly threshold?: number;
  /** Where the two maps are painted side by side. */
  readonly out?: string;
}

const THRESHOLD = 0.99;

/**
 * Explains one input on two models for the same class and compares them layer by layer: the feature vectors of every
 * location, and the relevance where the method tells it. The first model's class counts where none is given.
 *
 * @throws PrismError NOTHING_IN_COMMON where no layer of one model has the shape of one of the other; those of explaining
 */
export async function divergence(
  engine: Explaining,
  models: readonly [string, string],
  { method, threshold = THRESHOLD, out, ...question }: DivergenceQuestion,
  context?: CallContext,
): Promise<Divergence> {
  const first = await engine.attribute(models[0], method, question, context);
  const { index } = first.report.target;
  const same = question.score === undefined && index !== null ? { ...question, target: index } : question;
  const second = await engine.attribute(models[1], method, same, context);
  context?.progress({ message: 'comparing the layers' });
  const found = await divergenceOf([first, second], threshold);
  if (out !== undefined) {
    const sheet = await sheetOf([first, second]);
    replaceFile(out, (file) => writeAll(file, sheet, 0));
  }
  const warnings = [...(first.report.warnings ?? []), ...(second.report.warnings ?? [])];
  return {
    method,
    models: [sideOf(first), sideOf(second)],
    ...found,
    provider: first.report.provider,
    ...(warnings.length > 0 && { warnings }),
  };
}

/**
 * Compares two explanations of one input layer by layer.
 *
 * @throws PrismError NOTHING_IN_COMMON
 */
export async function divergenceOf(
  sides: readonly [Explained, Explained],
  threshold = THRESHOLD,
): Promise<ModelDivergence> {
  const [first, second] = sides;
  const layers = [layersOf(first), layersOf(second)] as const;
  const pairs = alignLayers(...layers);
  if (pairs.length === 0) {
    const [one, other] = sides.map(({ answer }) => answer.model.path);
    throw new PrismError(
      'NOTHING_IN_COMMON',
      `no layer of ${one} has the shape of a layer of ${other}: compare two states of one architecture`,
    );
  }
  const valuesOf = (side: 0 | 1): string[] => pairs.map((pair) => layers[side][pair[side]].id);
  const vectors = [await vectorsOf(first, valuesOf(0)), await vectorsOf(second, valuesOf(1))] as const;
  const compared = pairs.map(([a, b]) => compareLayer(layers[0][a], layers[1][b], sides, vectors));
  const parted = compared.findIndex(({ cosine }) => cosine < threshold);
  const alone = (side: 0 | 1): string[] =>
    layers[side].filter((_, at) => !pairs.some((pair) => pair[side] === at)).map(({ id }) => id);
  const sameSize = first.map.width === second.map.width && first.map.data.length === second.map.data.length;
  return {
    relevance: sameSize ? mapLikeness(first.map.data, second.map.data) : null,
    layers: compared,
    parted: parted < 0 ? null : parted,
    threshold,
    alone: [alone(0), alone(1)],
  };
}

/** Layers as the method tells them apart, else as the model has them; the explained output comes last. */
function layersOf({ answer }: Explained): readonly LayerInfo[] {
  const { graph } = answer.prepared.specialised;
  const layers = answer.layers.length > 0 ? answer.layers : modelLayers(graph, answer.prepared.input);
  const { output } = answer.score;
  const last = { id: output, title: output, op: 'Output', shape: answer.attribution.output.shape, width: 1, height: 1 };
  return [...layers.filter(({ id }) => id !== output && typeOf(graph, id) !== undefined), last];
}

/** What the values are for the input, as the model computes it. */
async function vectorsOf({ answer }: Explained, values: readonly string[]): Promise<ReadonlyMap<string, FloatArray>> {
  const { specialised, feeds } = answer.prepared;
  const { graph, runtime } = specialised;
  const given = graph.inputs.map(({ name }) => name);
  const inner = values.filter((value) => !given.includes(value));
  const program = await runtime.compile(`values/${inner.join()}`, () => extract(graph, given, inner));
  const results = new Map<string, NdArray>([...feeds, ...(await program.run(feeds, inner))]);
  return new Map(
    values.map((value) => {
      const array = asFloat(value, results.get(value));
      const bounds = quantisedBounds(graph, value);
      return [value, bounds ? within(array, bounds) : array];
    }),
  );
}

function asFloat(name: string, array: NdArray | undefined): FloatArray {
  if (!array || !isElementType(array.dtype)) {
    throw new PrismError('UNSUPPORTED_TYPE', `the value ${name} is of type ${array?.dtype ?? 'unknown'}`);
  }
  return { dtype: 'float32', shape: array.shape, data: toFloat32(array.dtype, array.data) };
}

function compareLayer(
  a: LayerInfo,
  b: LayerInfo,
  [first, second]: readonly [Explained, Explained],
  [vectorsA, vectorsB]: readonly [ReadonlyMap<string, FloatArray>, ReadonlyMap<string, FloatArray>],
): LayerDivergence {
  const mapA = first.answer.maps?.get(a.id);
  const mapB = second.answer.maps?.get(b.id);
  const both = mapA && mapB && mapA.data.length === mapB.data.length;
  return {
    title: a.title,
    op: a.op,
    shape: a.shape,
    values: [a.id, b.id],
    ...vectorLikeness(vectorsA.get(a.id) as FloatArray, vectorsB.get(b.id) as FloatArray),
    ...(both && { relevance: mapLikeness(mapA.data, mapB.data) }),
  };
}

const sideOf = ({ report, answer }: Explained): Side => {
  const { model, target, attribution, conservation, ms } = report;
  return { model, target, attribution, conservation, ms, top: answer.top };
};

/** The photograph and either model's map. */
async function sheetOf(sides: readonly Explained[]): Promise<Uint8Array> {
  const [{ answer, report }] = sides;
  const photograph = answer.prepared.seen && (await photographOf(answer.prepared.seen));
  const cells: Cell[] = photograph ? [{ picture: photograph.encoded, title: report.target.label }] : [];
  for (const { map, answer: own, report: told } of sides) {
    const picture = await renderMap(map, own.method.info.signed, { photograph });
    const { label, score } = told.target;
    cells.push({ picture, title: own.model.info(told.provider).name, note: `${label}, score ${score.toPrecision(4)}` });
  }
  const names = sides.map(({ report: { model } }) => model).join(' and ');
  return contactSheet(cells, cells.length, `${report.method} of ${names}: ${report.target.label}`);
}
