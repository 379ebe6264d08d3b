import { EMPTY_MASK, maskOf, maskSize, shares } from './evidence';
import { type Metric, undefinedFor } from './metric';

/** Σ_tile a⁺ / Σ a⁺ for an image made of tiles of different classes. The mask is the tile of the explained class. */
export const gridPointingGame: Metric = {
  info: {
    id: 'grid-pointing-game',
    title: 'Grid pointing game',
    summary:
      'On an image of tiles of different classes, the share of positive relevance in the tile of the explained class, which the mask marks.',
    paper: {
      title: 'Convolutional Dynamic Alignment Networks for Interpretable Classifications',
      url: 'https://arxiv.org/abs/2104.00032',
    },
    better: 'higher',
    needs: ['mask'],
    options: [],
  },

  async judge(judged) {
    if (maskSize(judged) === 0) return undefinedFor(EMPTY_MASK);
    const [all, inside] = shares(judged.map, maskOf(judged), (value) => Math.max(0, value));
    return all === 0 ? undefinedFor('the map is positive nowhere') : { value: inside / all };
  },
};
