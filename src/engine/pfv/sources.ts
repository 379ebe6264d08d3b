import type { PfvPlace, PfvSource, PfvSources, SourceLayer } from '../../protocol/pfv';
import { type Answer, pfvOf, positionIn } from '../explain';

/**
 * Which PFVs of the layers before one is made of, by their sharing ratios (Han, Kim, Kwak, ICLR 2024).
 *
 * @param count how many are named; the rest is added up
 * @throws PrismError METHOD_WITHOUT_LAYERS, PFV_UNKNOWN_LAYER, PFV_OUT_OF_RANGE
 */
export async function sourcesOf(answer: Answer, { layer, x, y }: PfvPlace, count: number): Promise<PfvSources> {
  const pfv = pfvOf(answer);
  const { shares, kept } = await pfv.sources(layer, positionIn(pfv, layer, x, y));
  const all: PfvSource[] = [];
  const layers: SourceLayer[] = [];
  for (const [from, { data, shape }] of shares) {
    const width = shape.at(-1) ?? 1;
    const before = all.length;
    let given = 0;
    for (const [place, share] of data.entries()) {
      given += share;
      if (share !== 0) all.push({ layer: from, x: place % width, y: Math.floor(place / width), share });
    }
    layers.push({ layer: from, share: given, count: all.length - before });
  }
  all.sort((a, b) => Math.abs(b.share) - Math.abs(a.share));
  const sum = (parts: readonly PfvSource[]): number => parts.reduce((total, { share }) => total + share, 0);
  const rest = all.slice(count);
  return {
    layer,
    x,
    y,
    sources: all.slice(0, count),
    rest: { share: sum(rest), count: rest.length },
    kept,
    sum: sum(all) + kept,
    layers: layers.sort((a, b) => b.share - a.share),
  };
}
