/** Channels of a picture, each [height × width]. */
export interface Planes {
  readonly width: number;
  readonly height: number;
  readonly channels: readonly Float32Array[];
}

/** How much a step across a superpixel counts against the whole range of the colours: larger makes them squarer. */
const COMPACTNESS = 0.2;
const ITERATIONS = 10;

interface Centre {
  x: number;
  y: number;
  readonly colour: Float64Array;
}

/** Scales all channels alike so that their common range is 1. */
function unitRange({ channels }: Planes): Float32Array[] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const plane of channels) {
    for (const value of plane) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  const scale = high > low ? 1 / (high - low) : 0;
  return channels.map((plane) => plane.map((value) => (value - low) * scale));
}

/** A grid of centres whose cells are as nearly square as their number allows. */
function gridOfCentres(width: number, height: number, count: number): { centres: Centre[]; side: number } {
  const side = Math.sqrt((width * height) / count);
  const columns = Math.max(1, Math.min(width, Math.round(width / side)));
  const rows = Math.max(1, Math.min(height, Math.round(height / side)));
  const centres: Centre[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const x = ((column + 0.5) * width) / columns - 0.5;
      const y = ((row + 0.5) * height) / rows - 0.5;
      centres.push({ x, y, colour: new Float64Array() });
    }
  }
  return { centres, side: Math.max(width / columns, height / rows) };
}

/**
 * Superpixels by simple linear iterative clustering (Achanta et al. 2012, SLIC): k-means over colour and place, each
 * centre looking no further than its neighbours. Every superpixel is connected.
 *
 * @param count about how many
 * @returns a label for every pixel, row by row; those in use are 0, 1, 2, …
 */
export function superpixels(picture: Planes, count: number): Int32Array {
  const { width, height } = picture;
  const planes = unitRange(picture);
  const { centres: grid, side } = gridOfCentres(width, height, Math.max(1, count));
  let centres: Centre[] = grid.map(({ x, y }) => ({
    x,
    y,
    colour: Float64Array.from(planes, (plane) => plane[Math.round(y) * width + Math.round(x)]),
  }));
  const labels = new Int32Array(width * height);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    assign(labels, planes, centres, side, width, height);
    centres = moved(labels, planes, centres, width);
  }
  return connected(labels, width, height);
}

/** Gives every pixel to the nearest of the centres around it. */
function assign(
  labels: Int32Array,
  planes: readonly Float32Array[],
  centres: readonly Centre[],
  side: number,
  width: number,
  height: number,
): void {
  const nearest = new Float64Array(labels.length).fill(Number.POSITIVE_INFINITY);
  const weight = (COMPACTNESS / side) ** 2;
  centres.forEach(({ x, y, colour }, label) => {
    const right = Math.min(width - 1, Math.ceil(x + side));
    const bottom = Math.min(height - 1, Math.ceil(y + side));
    for (let py = Math.max(0, Math.floor(y - side)); py <= bottom; py++) {
      for (let px = Math.max(0, Math.floor(x - side)); px <= right; px++) {
        const at = py * width + px;
        let distance = weight * ((px - x) ** 2 + (py - y) ** 2);
        for (let c = 0; c < planes.length; c++) distance += (planes[c][at] - colour[c]) ** 2;
        if (distance >= nearest[at]) continue;
        nearest[at] = distance;
        labels[at] = label;
      }
    }
  });
}

/** Centres at the means of their pixels; one without pixels stays. */
function moved(
  labels: Int32Array,
  planes: readonly Float32Array[],
  centres: readonly Centre[],
  width: number,
): Centre[] {
  const sums = centres.map(() => ({ count: 0, x: 0, y: 0, colour: new Float64Array(planes.length) }));
  labels.forEach((label, at) => {
    const sum = sums[label];
    sum.count++;
    sum.x += at % width;
    sum.y += Math.floor(at / width);
    for (let c = 0; c < planes.length; c++) sum.colour[c] += planes[c][at];
  });
  return sums.map(({ count, x, y, colour }, label) =>
    count === 0 ? centres[label] : { x: x / count, y: y / count, colour: colour.map((sum) => sum / count) },
  );
}

/** The pixels beside a pixel. */
function* beside(at: number, width: number, height: number): Generator<number> {
  const x = at % width;
  if (x > 0) yield at - 1;
  if (x < width - 1) yield at + 1;
  if (at >= width) yield at - width;
  if (at < (height - 1) * width) yield at + width;
}

/** Keeps the largest piece of every label; what is left of it goes to the piece that is the fewest steps away. */
function connected(labels: Int32Array, width: number, height: number): Int32Array {
  const largest = new Map<number, readonly number[]>();
  const visited = new Uint8Array(labels.length);
  for (let start = 0; start < labels.length; start++) {
    if (visited[start]) continue;
    const piece = [start];
    visited[start] = 1;
    for (const at of piece) {
      for (const next of beside(at, width, height)) {
        if (visited[next] || labels[next] !== labels[start]) continue;
        visited[next] = 1;
        piece.push(next);
      }
    }
    if (piece.length > (largest.get(labels[start])?.length ?? 0)) largest.set(labels[start], piece);
  }
  const out = new Int32Array(labels.length).fill(-1);
  const front = [...largest.values()].flatMap((piece, label) => {
    for (const at of piece) out[at] = label;
    return piece;
  });
  for (const at of front) {
    for (const next of beside(at, width, height)) {
      if (out[next] >= 0) continue;
      out[next] = out[at];
      front.push(next);
    }
  }
  return out;
}
