import { elementCount } from '../../graph/tensor';
import { fromFloat32, isElementType, toFloat32 } from '../../inputs/elements';

import type { Judgement } from '../../metrics/metric';
import { mean } from '../../metrics/statistics';
import { classScore } from '../classes';
import type { Desk } from '../desk';
import { forward, outputOf } from '../explain';
import { Judge, type Wanted } from '../judge';
import { metricReport } from '../score';
import { type Prepared, prepare } from '../subject';
import { contentsOf, explainerKey, keyOf, modelKey, type Run, wantedKey } from './run';
import type { Sighting } from './sightings';

/** Tiles along each side. */
const SIDE = 2;

/** Pictures side by side that the model takes for different classes. */
export interface Mosaic {
  readonly name: string;
  /** Row by row. */
  readonly tiles: readonly Sighting[];
}

/**
 * Puts pictures together, the surest first: each is used once, no mosaic has a class twice. Misclassified ones are not
 * used. None where there are too few classes.
 */
export function mosaicsOf(sightings: readonly Sighting[]): Mosaic[] {
  const byClass = new Map<number, Sighting[]>();
  const sure = sightings
    .filter(({ label, predicted }) => label === undefined || label.index === predicted.index)
    .sort((a, b) => b.predicted.probability - a.predicted.probability);
  for (const sighting of sure) {
    const { index } = sighting.predicted;
    byClass.set(index, [...(byClass.get(index) ?? []), sighting]);
  }
  const mosaics: Mosaic[] = [];
  for (;;) {
    // From the largest classes, so that as many pictures as possible are used.
    const classes = [...byClass.values()].filter((left) => left.length > 0).sort((a, b) => b.length - a.length);
    if (classes.length < SIDE * SIDE) return mosaics;
    const tiles = classes.slice(0, SIDE * SIDE).map((left) => left.shift() as Sighting);
    mosaics.push({ name: tiles.map(({ item }) => item.name).join(' | '), tiles });
  }
}

/** Where a tile begins and how long it is, along one side of the mosaic. */
interface Span {
  readonly from: number;
  readonly size: number;
}

const spans = (length: number): Span[] =>
  Array.from({ length: SIDE }, (_, i) => {
    const from = Math.ceil((i * length) / SIDE);
    return { from, size: Math.ceil(((i + 1) * length) / SIDE) - from };
  });

/** An array with one axis made shorter: each new element is the mean of what it covers. */
function shrink(data: Float32Array, shape: readonly number[], axis: number, size: number): Float32Array {
  const length = shape[axis];
  if (length === size) return data;
  const inner = elementCount(shape.slice(axis + 1));
  const outer = data.length / (length * inner);
  const out = new Float32Array(outer * size * inner);
  const step = length / size;
  for (let place = 0; place < size; place++) {
    for (let from = Math.floor(place * step); from < Math.min(length, (place + 1) * step); from++) {
      const covered = Math.min(from + 1, (place + 1) * step) - Math.max(from, place * step);
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) {
          out[(o * size + place) * inner + i] += (data[(o * length + from) * inner + i] * covered) / step;
        }
      }
    }
  }
  return out;
}

/** The axes of height and width. */
type Axes = readonly [number, number];

/** Calls with the flat index of each element of a block of an array, in order. */
function forBlock(shape: readonly number[], axes: Axes, [rows, columns]: readonly Span[], each: (at: number) => void) {
  const walk = (axis: number, offset: number): void => {
    if (axis === shape.length) {
      each(offset);
      return;
    }
    const span = axis === axes[0] ? rows : axis === axes[1] ? columns : { from: 0, size: shape[axis] };
    for (let i = 0; i < span.size; i++) walk(axis + 1, offset * shape[axis] + span.from + i);
  };
  walk(0, 0);
}

/** Inputs put together to one of the shape given; each is shrunk to its tile. */
export function compose(
  inputs: readonly Float32Array[],
  shape: readonly number[],
  axes: Axes,
  into: readonly number[],
): { readonly data: Float32Array; readonly masks: readonly Uint8Array[] } {
  const data = new Float32Array(elementCount(into));
  const [height, width] = [into[axes[0]], into[axes[1]]];
  const masks: Uint8Array[] = [];
  const [rows, columns] = [spans(height), spans(width)];
  inputs.forEach((input, index) => {
    const block = [rows[Math.floor(index / SIDE)], columns[index % SIDE]];
    const lower = shape.with(axes[0], block[0].size);
    const tile = shrink(shrink(input, shape, axes[0], block[0].size), lower, axes[1], block[1].size);
    let next = 0;
    forBlock(into, axes, block, (at) => {
      data[at] = tile[next++];
    });
    const mask = new Uint8Array(height * width);
    forBlock([height, width], [0, 1], block, (at) => {
      mask[at] = 1;
    });
    masks.push(mask);
  });
  return { data, masks };
}

/** The model on the mosaic: at twice the size where it takes any, else with tiles of half the size. */
async function open(
  { model, request }: Desk,
  { tiles }: Mosaic,
): Promise<{ readonly prepared: Prepared; readonly masks: readonly Uint8Array[] } | undefined> {
  const seen: Prepared[] = [];
  for (const { item } of tiles) seen.push(await prepare(model, { image: item.path }, request));
  const [{ input, feeds, channels, specialised }] = seen;
  const given = feeds.get(input);
  if (!given || !isElementType(given.dtype)) return undefined;
  const { shape, dtype } = given;
  const axes = shape.flatMap((_, axis) => (axis === 0 || axis === channels ? [] : [axis]));
  const same = seen.every((other) => String(other.feeds.get(input)?.shape) === String(shape));
  if (axes.length !== 2 || !same) return undefined;
  const [rows, columns] = axes;
  const inputs = seen.map((other) => toFloat32(dtype, other.feeds.get(input)?.data as Float32Array));
  const declared = model.graph.inputs.find(({ name }) => name === input)?.shape;
  const fixed = axes.some((axis) => typeof declared?.[axis] === 'number');
  const into = fixed ? shape : shape.with(rows, SIDE * shape[rows]).with(columns, SIDE * shape[columns]);
  const { data, masks } = compose(inputs, shape, [rows, columns], into);
  const whole = fixed ? specialised : await model.specialised(new Map([[input, into]]));
  const array = { dtype, shape: into, data: fromFloat32(data, dtype) };
  return { prepared: { specialised: whole, feeds: new Map([[input, array]]), input, channels }, masks };
}

/**
 * Judges all methods on one mosaic: each tile's class is explained, and the tile is where the evidence is. The value is
 * the mean over the tiles.
 */
export async function judgeMosaic(desk: Desk, mosaic: Mosaic, wanted: readonly Wanted[], run: Run): Promise<void> {
  const { model, request } = desk;
  const opened = await open(desk, mosaic);
  if (!opened) {
    run.pace.skip(run.explainers.length);
    return;
  }
  const { prepared, masks } = opened;
  const output = outputOf(model, prepared);
  const values = output.boxes && (await forward(model, prepared, output.name, request));
  const pictures = mosaic.tiles.map(({ item, predicted }) => [contentsOf(item.path), predicted.index]);
  for (const by of run.explainers) {
    const key = keyOf(...modelKey(desk), pictures, explainerKey(by), wantedKey(wanted));
    await run.pair(key, mosaic.name, by, async () => {
      const tiles = new Map<string, Judgement[]>(wanted.map(({ metric }) => [metric.info.id, []]));
      const start = performance.now();
      for (const [index, { predicted }] of mosaic.tiles.entries()) {
        const score = classScore(output, predicted.index, undefined, values);
        const judge = new Judge({ model, prepared, output, score }, request, desk.scratch);
        const found = await judge.judge(await judge.explain(by), wanted, { mask: masks[index], by });
        for (const [id, judgement] of found) tiles.get(id)?.push(judgement);
      }
      return {
        image: mosaic.name,
        method: by.method.info.id,
        metrics: Object.fromEntries([...tiles].map(([id, found]) => [id, metricReport(overTiles(found))])),
        explainMs: (performance.now() - start) / mosaic.tiles.length,
      };
    });
  }
}

function overTiles(found: readonly Judgement[]): Judgement {
  const values = found.flatMap(({ value }) => value ?? []);
  const details = { tiles: found.map(({ value }) => value) };
  return values.length === 0 ? { ...found[0], details } : { value: mean(values), details };
}

/** Whether a metric is about mosaics. */
export const isForMosaics = ({ metric }: Wanted): boolean => metric.info.id === 'grid-pointing-game';
