import type { LayerInfo } from '../../protocol';

/** What two layers have in common; the more telling, the heavier. Other shapes have no vectors to compare. */
const SAME_NAME = 8;
const SAME_TITLE = 4;
const SAME_OPERATOR = 2;
const SAME_SHAPE = 1;

function likeness(a: LayerInfo, b: LayerInfo): number {
  if (a.shape.join() !== b.shape.join()) return 0;
  return (
    SAME_SHAPE +
    (a.id === b.id ? SAME_NAME : 0) +
    (a.title === b.title ? SAME_TITLE : 0) +
    (a.op === b.op ? SAME_OPERATOR : 0)
  );
}

/**
 * Pairs the layers of two models in their order: the pairs that have most in common, none crossing another (the
 * alignment of Needleman and Wunsch 1970, gaps for free).
 *
 * @returns indexes into both lists, ascending
 */
export function alignLayers(first: readonly LayerInfo[], second: readonly LayerInfo[]): (readonly [number, number])[] {
  const width = second.length + 1;
  // The best total for what is left from a place in either list on.
  const best = new Float64Array((first.length + 1) * width);
  for (let i = first.length - 1; i >= 0; i--) {
    for (let j = second.length - 1; j >= 0; j--) {
      const like = likeness(first[i], second[j]);
      const pair = like > 0 ? like + best[(i + 1) * width + j + 1] : 0;
      best[i * width + j] = Math.max(pair, best[(i + 1) * width + j], best[i * width + j + 1]);
    }
  }
  const pairs: (readonly [number, number])[] = [];
  let i = 0;
  let j = 0;
  while (i < first.length && j < second.length) {
    const here = best[i * width + j];
    if (here === best[(i + 1) * width + j]) i++;
    else if (here === best[i * width + j + 1]) j++;
    else pairs.push([i++, j++]);
  }
  return pairs;
}
