import { blurred, foldedKernel, sampledKernel } from './blur';
import { areaUnder, baselineOption, insertionCurve, stepOption } from './flipping';
import type { Judged, Metric } from './metric';

/** Where insertion begins; inputs that are no pictures or signals cannot be blurred. */
function startOf({ input, layout }: Judged, start: string, baseline: number): Float32Array {
  if (start === 'blur') return blurred(input, layout, foldedKernel(), 'zero');
  if (start === 'sampled-blur') return blurred(input, layout, sampledKernel(), 'reflect');
  return new Float32Array(input.length).fill(baseline);
}

/** The area under the probability while locations come back, the most relevant first. */
export const insertion: Metric = {
  info: {
    id: 'insertion',
    title: 'Insertion',
    summary:
      'How fast the probability rises when the most relevant locations are brought into a blurred image first: the area under the curve.',
    paper: {
      title: 'RISE: Randomized Input Sampling for Explanation of Black-box Models',
      url: 'https://arxiv.org/abs/1806.07421',
    },
    better: 'higher',
    needs: ['model'],
    axes: { x: 'share inserted, most relevant first', y: 'probability' },
    options: [
      stepOption,
      {
        key: 'start',
        title: 'Start',
        help: 'What locations are brought into. blur: the image under an 11 × 11 Gaussian of σ 5 with zeros around, as the authors’ code makes it. sampled-blur: the same with a sampled, normalised Gaussian and mirrored borders. baseline: the removed value everywhere, as for inputs that cannot be blurred.',
        type: 'choice',
        default: 'blur',
        choices: ['blur', 'sampled-blur', 'baseline'],
      },
      baselineOption,
    ],
  },

  async judge(judged, options, runtime) {
    const { channels, locations } = judged.layout;
    const blurs = channels !== undefined || locations.length > 1;
    const start = blurs ? (options.start as string) : 'baseline';
    const from = startOf(judged, start, options.baseline as number);
    const curve = await insertionCurve(judged, from, options, runtime);
    return { value: areaUnder(curve), curve: [...curve], details: { start } };
  },
};
