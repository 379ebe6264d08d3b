import { type Metric, undefinedFor } from './metric';
import { neighbourhood, perturbationOptions, seedDetails } from './perturbed';
import { distance } from './statistics';

/** max over noisy copies x' of ‖a(x) − a(x')‖ / ‖x − x'‖. */
export const localLipschitz: Metric = {
  info: {
    id: 'local-lipschitz',
    title: 'Local Lipschitz estimate',
    summary: 'How much the explanation changes at most under small noise, relative to how much the image changes.',
    paper: { title: 'On the Robustness of Interpretability Methods', url: 'https://arxiv.org/abs/1806.08049' },
    better: 'lower',
    needs: ['method'],
    options: perturbationOptions,
  },

  async judge(judged, options, runtime) {
    const { own, neighbours } = await neighbourhood(judged, options, runtime);
    const curve = neighbours.map(
      ({ input, attribution }) => distance(own, attribution) / distance(judged.input, input),
    );
    if (curve.some((ratio) => !Number.isFinite(ratio))) return undefinedFor('a noisy copy equals the input');
    return { value: Math.max(...curve), curve, details: seedDetails(options) };
  },
};
