import { type Metric, undefinedFor } from './metric';
import { neighbourhood, perturbationOptions, seedDetails } from './perturbed';
import { distance, norm } from './statistics';

/** max over noisy copies x' of ‖Φ(x) − Φ(x')‖ / ‖Φ(x)‖, over all elements of the attribution. */
export const maxSensitivity: Metric = {
  info: {
    id: 'max-sensitivity',
    title: 'Max-sensitivity',
    summary: 'How much the explanation changes at most under small noise on the image, relative to its own size.',
    paper: {
      title: 'On the (In)fidelity and Sensitivity of Explanations',
      url: 'https://arxiv.org/abs/1901.09392',
    },
    better: 'lower',
    needs: ['method'],
    options: perturbationOptions,
  },

  async judge(judged, options, runtime) {
    const { own, neighbours } = await neighbourhood(judged, options, runtime);
    const size = norm(own);
    if (size === 0) return undefinedFor('the explanation is zero everywhere');
    const curve = neighbours.map(({ attribution }) => distance(own, attribution) / size);
    return { value: Math.max(...curve), curve, details: seedDetails(options) };
  },
};
