import type { FloatArray } from '../graph/ndarray';

/**
 * How a detector's output holds boxes: a row a quantity, an anchor a box. Four rows tell centre, width and height, a
 * fifth may tell how sure it is that there is something; then comes a row a class, from 0 to 1.
 */
export interface BoxLayout {
  /** The axis over the rows, and that over the anchors. */
  readonly rows: number;
  readonly anchors: number;
  /** The row of the first class: 4, or 5 where there is one for "something". */
  readonly first: number;
}

const BOX_ROWS = 4;
/** Boxes of a class that cover each other by more are of the same thing. */
const SAME_THING = 0.45;
/** Less sure boxes are not told of, but for the surest. */
const SUREST = 0.25;
const MOST_BOXES = 30;

/**
 * The layout of a YOLO-like output [1, rows, anchors] or [1, anchors, rows]; undefined for any other.
 *
 * @param labels how many classes are known by name, which tells whether there is a row for "something"
 */
export function boxLayout(shape: readonly number[], labels: number | undefined): BoxLayout | undefined {
  if (shape.length !== 3 || shape[0] !== 1) return undefined;
  const rows = shape[1] < shape[2] ? 1 : 2;
  const count = shape[rows];
  if (count <= BOX_ROWS) return undefined;
  // The older detectors have anchors first, and the row for "something".
  const something = labels === undefined ? rows === 2 && count > BOX_ROWS + 1 : count === labels + BOX_ROWS + 1;
  return { rows, anchors: 3 - rows, first: something ? BOX_ROWS + 1 : BOX_ROWS };
}

/** A box in pixels of the model's input. */
export interface Box {
  readonly anchor: number;
  readonly index: number;
  readonly probability: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Reads a row of an anchor. */
function reader({ rows }: BoxLayout, { shape, data }: FloatArray): (row: number, anchor: number) => number {
  const last = shape[2];
  return rows === 1 ? (row, anchor) => data[row * last + anchor] : (row, anchor) => data[anchor * last + row];
}

/** How sure the detector is of each class at an anchor. */
function certainty(layout: BoxLayout, values: FloatArray): (index: number, anchor: number) => number {
  const at = reader(layout, values);
  const { first } = layout;
  return first === BOX_ROWS
    ? (index, anchor) => at(first + index, anchor)
    : (index, anchor) => at(BOX_ROWS, anchor) * at(first + index, anchor);
}

/** The anchor at which each class is surest, and how sure. */
export function surest(
  layout: BoxLayout,
  values: FloatArray,
): { readonly anchor: number; readonly probability: number }[] {
  const sure = certainty(layout, values);
  const anchors = values.shape[layout.anchors];
  return Array.from({ length: values.shape[layout.rows] - layout.first }, (_, index) => {
    let best = 0;
    for (let anchor = 1; anchor < anchors; anchor++) if (sure(index, anchor) > sure(index, best)) best = anchor;
    return { anchor: best, probability: sure(index, best) };
  });
}

const overlap = (a: Box, b: Box): number => {
  const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const both = Math.max(0, across) * Math.max(0, down);
  return both / (a.width * a.height + b.width * b.height - both || 1);
};

/**
 * What was detected, the surest first; of boxes of a class that cover each other only the surest.
 *
 * @param size of the model's input: some detectors tell places as shares of it
 */
export function detect(
  layout: BoxLayout,
  values: FloatArray,
  size: { readonly width: number; readonly height: number },
): Box[] {
  const at = reader(layout, values);
  const sure = certainty(layout, values);
  const anchors = values.shape[layout.anchors];
  const classes = values.shape[layout.rows] - layout.first;
  const found: Box[] = [];
  let largest = 0;
  for (let anchor = 0; anchor < anchors; anchor++) {
    let index = 0;
    for (let c = 1; c < classes; c++) if (sure(c, anchor) > sure(index, anchor)) index = c;
    const [x, y, width, height] = [0, 1, 2, 3].map((row) => at(row, anchor));
    largest = Math.max(largest, x, y, width, height);
    const corner = { x: x - width / 2, y: y - height / 2 };
    found.push({ anchor, index, probability: sure(index, anchor), ...corner, width, height });
  }
  found.sort((a, b) => b.probability - a.probability || a.anchor - b.anchor);
  const kept: Box[] = [];
  for (const box of found) {
    if (kept.length > 0 && (box.probability < SUREST || kept.length === MOST_BOXES)) break;
    if (!kept.some((other) => other.index === box.index && overlap(other, box) > SAME_THING)) kept.push(box);
  }
  if (largest > 2) return kept;
  const [across, down] = [size.width, size.height];
  return kept.map((box) => ({
    ...box,
    x: box.x * across,
    y: box.y * down,
    width: box.width * across,
    height: box.height * down,
  }));
}
