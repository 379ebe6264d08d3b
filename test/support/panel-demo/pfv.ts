import { PrismError } from '../../../src/graph/errors';
import type { LayerInfo, ScalarMap } from '../../../src/protocol';
import type { PfvChannel, PfvHostApi, PfvPlace, PfvSource, PfvSources } from '../../../src/protocol/pfv';
import type { Implementation } from '../../../src/rpc';

/** Made-up answers about PFVs, to look at: the shares and values are nobody's. */

/** Nine neighbours of the layer before, two of them against; a quarter comes over a shortcut from three before. */
function demoSources(layers: readonly LayerInfo[], { layer, x, y }: PfvPlace, count: number): PfvSources {
  const at = layers.findIndex(({ id }) => id === layer);
  const before = layers[Math.max(0, at - 1)]!;
  const further = layers[Math.max(0, at - 3)]!;
  const own = layers[at]!;
  const onto = (to: LayerInfo, dx = 0, dy = 0): PfvPlace => ({
    layer: to.id,
    x: Math.max(0, Math.min(to.width - 1, Math.floor(((x + 0.5) * to.width) / own.width) + dx)),
    y: Math.max(0, Math.min(to.height - 1, Math.floor(((y + 0.5) * to.height) / own.height) + dy)),
  });
  const shares = [0.24, 0.19, 0.14, 0.12, 0.09, 0.06, 0.03, -0.05, -0.08];
  const sources = shares.map((share, i): PfvSource => ({ ...onto(before, (i % 3) - 1, Math.floor(i / 3) - 1), share }));
  sources.push({ ...onto(further), share: 0.25 });
  sources.sort((a, b) => Math.abs(b.share) - Math.abs(a.share));
  const rest = sources.slice(count);
  return {
    layer,
    x,
    y,
    sources: sources.slice(0, count),
    rest: { share: rest.reduce((sum, { share }) => sum + share, 0), count: rest.length },
    kept: 0.01,
    sum: 1,
    layers: [
      { layer: before.id, share: 0.74, count: 9 },
      { layer: further.id, share: 0.25, count: 1 },
    ],
  };
}

/** A picture of stripes. */
async function swatch(hue: number): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(32, 32);
  const context = canvas.getContext('2d')!;
  for (let x = 0; x < 32; x += 4) {
    context.fillStyle = `hsl(${(hue * 40 + x * 3) % 360} 60% ${30 + x}%)`;
    context.fillRect(x, 0, 4, 32);
  }
  return new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
}

/** Answers a panel's questions about PFVs; `note` is told of each. */
export function demoPfvHost(
  layers: () => readonly LayerInfo[],
  map: (layer: LayerInfo, channel: number) => ScalarMap,
  note: (method: string, params: unknown) => void,
): Implementation<PfvHostApi> {
  return {
    async pfvSources({ count, ...place }) {
      note('pfvSources', { count, ...place });
      return demoSources(layers(), place, count);
    },
    async pfvChannels({ count, ...place }) {
      note('pfvChannels', { count, ...place });
      const parts = Array.from(
        { length: count },
        (_, i): PfvChannel => ({
          channel: (37 * i + 11) % 96,
          value: 4.2 / (i + 1),
          contribution: (i % 3 === 2 ? -1 : 1) * 0.31 * 0.7 ** i,
        }),
      );
      return { ...place, count: 96, norm: 6.1, largest: parts, contributing: parts };
    },
    async alikeImages(params) {
      note('alikeImages', params);
      return {
        folder: 'photographs',
        images: ['/w/chelsea.png', '/w/astronaut.png', '/w/broken.png', '/w/coffee.png'],
      };
    },
    async alikeIn({ image, floor, ...params }) {
      note('alikeIn', { image, floor, ...params });
      if (image.includes('broken')) throw new PrismError('IMAGE_DECODE', `${image} cannot be decoded`);
      const at = image.length;
      const seen = { x: 0, y: 0, width: 8, height: 8 };
      const encoded = await swatch(at);
      return [0.9, 0.7].map((cosine, i) => ({
        x: at % 7,
        y: i,
        cosine: cosine - at / 500,
        seen,
        encoded,
        mime: 'image/png',
      }));
    },
    async openAlike(params) {
      note('openAlike', params);
    },
    async channelMap({ layer, channel }) {
      note('channelMap', { layer, channel });
      return map(layers().find(({ id }) => id === layer)!, channel);
    },
  };
}
