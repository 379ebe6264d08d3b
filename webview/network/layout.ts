import type { ELK, ElkExtendedEdge, ElkNode, ElkPoint } from 'elkjs/lib/elk-api.js';
import type { Box, Drawn, Ribbon } from './drawn';

/** Where everything of a drawing lies, in CSS pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly areas: ReadonlyMap<string, Area>;
  readonly ribbons: readonly Laid[];
  /** Pixels for a relevance of 1. */
  readonly scale: number;
}

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A ribbon with its way: from the lower edge of the box that computes to the upper edge of the one that reads, or the
 * other way about where boxes follow each other in a circle.
 */
export interface Laid extends Ribbon {
  readonly points: readonly ElkPoint[];
  readonly width: number;
  /** Of two streams: the widths of both bands, that for first. */
  readonly bands?: readonly [number, number];
}

/** The width of a box. */
export type Measure = (box: Box) => number;

/** All ribbons at one side of a box together are no wider than this. */
const WIDEST = 40;
const THINNEST = 1.25;
/** Between ribbons side by side. */
const GAP = 2;
const HEADING = 30;

export const boxHeight = ({ kind, title, about }: Box): number => (kind === 'node' && title === about ? 28 : 42);

const options = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'POLYLINE',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.nodePlacement.favorStraightEdges': 'true',
  'elk.layered.spacing.nodeNodeBetweenLayers': '34',
  'elk.layered.spacing.edgeNodeBetweenLayers': '26',
  'elk.spacing.nodeNode': '38',
  'elk.spacing.edgeNode': '24',
  'elk.spacing.edgeEdge': '10',
  'elk.padding': '[top=16,left=16,bottom=16,right=30]',
  'org.eclipse.elk.json.shapeCoords': 'ROOT',
  'org.eclipse.elk.json.edgeCoords': 'ROOT',
};

const moduleOptions = { 'elk.padding': `[top=${HEADING + 12},left=18,bottom=16,right=34]` };

/** Pixels for a relevance of 1: the same for all ribbons of a drawing. */
export function scaleOf({ boxes, ribbons }: Drawn): number {
  const sums = new Map<string, number>();
  for (const { from, to, relevance } of ribbons) {
    for (const side of [`${from} out`, `${to} in`]) sums.set(side, (sums.get(side) ?? 0) + Math.abs(relevance));
  }
  const stays = boxes.filter(({ open }) => !open).map(({ balance }) => Math.abs(balance.sink) + Math.abs(balance.lost));
  const most = Math.max(0, ...sums.values(), ...stays);
  return most > 0 && Number.isFinite(most) ? WIDEST / most : 0;
}

export const thickness = (relevance: number, scale: number): number =>
  Number.isFinite(relevance) ? Math.max(THINNEST, Math.abs(relevance) * scale) : THINNEST;

/** Widths of both streams of a ribbon; one that carries nothing is not drawn, unless the other one carries nothing too. */
function bandsOf({ relevance, against = 0 }: Ribbon, scale: number): [number, number] {
  const inFavour = relevance - against;
  const [wide, other] = [inFavour, against].map((amount) => (amount * scale < 0.05 ? 0 : thickness(amount, scale)));
  return wide === 0 && other === 0 ? [THINNEST, 0] : [wide!, other!];
}

function widthOf(ribbon: Ribbon, scale: number): number {
  if (ribbon.against === undefined) return thickness(ribbon.relevance, scale);
  const [inFavour, against] = bandsOf(ribbon, scale);
  return inFavour + against;
}

function graphOf({ boxes, ribbons }: Drawn, measure: Measure, scale: number): ElkNode {
  const nodes = new Map<string | undefined, ElkNode>([
    [undefined, { id: 'model', layoutOptions: options, children: [] }],
  ]);
  for (const box of boxes) {
    const { id, parent, open } = box;
    const node: ElkNode = open
      ? { id, layoutOptions: moduleOptions, children: [] }
      : { id, width: measure(box), height: boxHeight(box) };
    nodes.set(id, node);
    nodes.get(parent)!.children!.push(node);
  }
  const root = nodes.get(undefined)!;
  root.edges = ribbons.map((ribbon, index) => ({
    id: `e${index}`,
    sources: [ribbon.from],
    targets: [ribbon.to],
    layoutOptions: { 'elk.edge.thickness': String(widthOf(ribbon, scale)) },
  }));
  return root;
}

/** Lays a drawing out from the input down to what is explained. */
export async function layoutOf(drawn: Drawn, measure: Measure, elk: Pick<ELK, 'layout'>): Promise<Layout> {
  const scale = scaleOf(drawn);
  const laid = await elk.layout(graphOf(drawn, measure, scale));
  const areas = new Map<string, Area>();
  const place = ({ id, x = 0, y = 0, width = 0, height = 0, children = [] }: ElkNode): void => {
    areas.set(id, { x, y, width, height });
    for (const child of children) place(child);
  };
  for (const child of laid.children ?? []) place(child);
  const ways = new Map((laid.edges ?? []).map((edge) => [edge.id, edge]));
  const ribbons = drawn.ribbons.map((ribbon, index) => ({
    ...ribbon,
    width: widthOf(ribbon, scale),
    ...(ribbon.against !== undefined && { bands: bandsOf(ribbon, scale) }),
    points: pointsOf(ways.get(`e${index}`)),
  }));
  return {
    width: laid.width ?? 0,
    height: laid.height ?? 0,
    areas,
    ribbons: sideBySide(ribbons, areas),
    scale,
  };
}

function pointsOf(edge: ElkExtendedEdge | undefined): ElkPoint[] {
  return (edge?.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) => [
    startPoint,
    ...bendPoints,
    endPoint,
  ]);
}

/** Moves the ends of ribbons so that those at one side of a box lie beside each other, in the order found. */
function sideBySide(ribbons: readonly Laid[], areas: ReadonlyMap<string, Area>): Laid[] {
  const points = ribbons.map((ribbon) => ribbon.points.map((point) => ({ ...point })));
  const ends = new Map<string, { readonly ribbon: number; readonly at: number }[]>();
  ribbons.forEach(({ from, to, points: way }, ribbon) => {
    if (way.length < 2) return;
    for (const [box, at] of [
      [from, 0],
      [to, way.length - 1],
    ] as const) {
      const side = `${box} ${way[at]!.y > areas.get(box)!.y + 1 ? 'below' : 'above'}`;
      const list = ends.get(side);
      if (list) list.push({ ribbon, at });
      else ends.set(side, [{ ribbon, at }]);
    }
  });
  for (const [side, list] of ends) {
    const area = areas.get(side.split(' ')[0]!);
    if (!area) continue;
    const x = ({ ribbon, at }: (typeof list)[number]): number => points[ribbon]![at]!.x;
    list.sort((a, b) => x(a) - x(b));
    const widths = list.map(({ ribbon }) => ribbons[ribbon]!.width);
    const whole = widths.reduce((sum, width) => sum + width + GAP, -GAP);
    const middle = list.reduce((sum, end) => sum + x(end), 0) / list.length;
    const room = Math.max(0, (area.width - whole) / 2 - 6);
    const centre = area.x + area.width / 2;
    let left = Math.max(centre - room, Math.min(centre + room, middle)) - whole / 2;
    list.forEach(({ ribbon, at }, index) => {
      points[ribbon]![at]!.x = left + widths[index]! / 2;
      left += widths[index]! + GAP;
    });
  }
  return ribbons.map((ribbon, index) => ({ ...ribbon, points: points[index]! }));
}

/** How high the bend is by which a way changes sides, where there is room. */
const BEND = 44;

/** Lets a way that goes nearly level between two points leave the one earlier and reach the other later. */
function eased(points: readonly ElkPoint[]): ElkPoint[] {
  const ys = points.map(({ y }) => y);
  for (let at = 1; at + 2 < points.length; at++) {
    const [before, from, to, after] = [ys[at - 1]!, ys[at]!, ys[at + 1]!, ys[at + 2]!];
    const missing = BEND - (to - from);
    if (missing <= 0 || to < from || Math.abs(points[at]!.x - points[at + 1]!.x) < 4) continue;
    const roomBelow = Math.max(0, (after - to) / 2);
    const above = Math.max(0, Math.min(Math.max(missing / 2, missing - roomBelow), (from - before) / 2));
    ys[at] = from - above;
    ys[at + 1] = to + Math.min(missing - above, roomBelow);
  }
  return points.map(({ x }, index) => ({ x, y: ys[index]! }));
}

/** A smooth way through points that leaves and enters upright. */
export function pathOf(points: readonly ElkPoint[]): string {
  const [start, ...rest] = eased(points);
  if (!start) return '';
  let before = start;
  let path = `M${round(start.x)},${round(start.y)}`;
  for (const point of rest) {
    const middle = (before.y + point.y) / 2;
    path +=
      Math.abs(point.x - before.x) < 0.5
        ? `L${round(point.x)},${round(point.y)}`
        : `C${round(before.x)},${round(middle)} ${round(point.x)},${round(middle)} ${round(point.x)},${round(point.y)}`;
    before = point;
  }
  return path;
}

/** Pieces that a bend is drawn in where it has to be followed at a distance. */
const PIECES = 12;

/**
 * The way of {@link pathOf} at a distance from it, as many straight pieces.
 *
 * @param aside in pixels; positive to the left of who goes down the page, as seen on it: towards smaller x
 */
export function pathBeside(points: readonly ElkPoint[], aside: number): string {
  const [start, ...rest] = eased(points);
  if (!start) return '';
  const way: string[] = [];
  let before = start;
  let direction = 1;
  const put = (x: number, y: number, dx: number, dy: number): void => {
    const length = Math.hypot(dx, dy) || 1;
    way.push(`${round(x - (aside * dy) / length)},${round(y + (aside * dx) / length)}`);
  };
  for (const point of rest) {
    const [width, height] = [point.x - before.x, point.y - before.y];
    direction = Math.sign(height) || direction;
    for (let piece = way.length === 0 ? 0 : 1; piece <= PIECES; piece++) {
      const t = piece / PIECES;
      // The cubic of pathOf: upright at both ends, its handles at half the height.
      const [x, y] = [before.x + width * (3 - 2 * t) * t * t, before.y + height * (1.5 * t * (1 - t) + t * t * t)];
      put(x, y, 6 * width * t * (1 - t), height * (1.5 - 3 * t + 3 * t * t) || direction);
    }
    before = point;
  }
  return `M${way.join('L')}`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
