import type { OptionValue } from '../../src/methods/method';

/** One explanation here and its counterpart in another package. */
export interface Pair {
  readonly method: string;
  readonly options?: Readonly<Record<string, OptionValue>>;
  /** The counterpart: package and method, as peers.py names them. */
  readonly peer: string;
  /** Options of the map that agreement is told of, where packages differ in how they show it. */
  readonly raw?: Readonly<Record<string, OptionValue>>;
  /** `ranks`: both draw at random, only the order of places can agree. `sign`: the map has no sign of its own. */
  readonly agreement?: 'values' | 'sign' | 'ranks';
  /** How many times as fast the project wants to be. */
  readonly goal?: number | undefined;
  readonly note?: string;
}

/** What a network is compared by beside the methods' own options. */
export interface Sizes {
  /** Side of the window that occlusion moves by its own length. */
  readonly window: number;
  /** Noisy copies. */
  readonly noisy: number;
  /** Combinations of superpixels that LIME tries. */
  readonly coalitions: number;
  /** Files of superpixels: some for LIME, few enough for KernelSHAP to try all combinations. */
  readonly segments: string;
  readonly few: string;
  readonly draws: string;
}

/** Share of the range of the input that noise is of. */
export const SIGMA = 0.15;

const raw = { upsample: false };

/** Class activation maps of the grad-cam package that need a gradient or none. */
const camPairs: readonly Pair[] = [
  { method: 'grad-cam', peer: 'captum/grad-cam', raw, goal: 10 },
  { method: 'grad-cam', peer: 'grad_cam/grad-cam', raw, goal: 10 },
  { method: 'grad-cam++', peer: 'grad_cam/grad-cam++', raw },
  { method: 'xgrad-cam', peer: 'grad_cam/xgrad-cam', raw },
  { method: 'hires-cam', peer: 'grad_cam/hires-cam', raw },
  { method: 'layer-cam', peer: 'grad_cam/layer-cam', raw },
  { method: 'eigen-cam', peer: 'grad_cam/eigen-cam', raw, agreement: 'sign', note: 'compared up to its sign' },
];

/** Those that run the network once a channel. */
export const channelPairs: readonly Pair[] = [
  {
    method: 'ablation-cam',
    peer: 'grad_cam/ablation-cam',
    raw,
    note: 'the package sets channels to their minimum less 10⁷ instead of 0',
  },
  {
    method: 'score-cam',
    peer: 'grad_cam/score-cam',
    raw,
    note: 'the package keeps constant channels and aligns corners',
  },
];

/** What is compared on every network. */
export const pairsOf = ({ window, noisy, coalitions, segments, few, draws }: Sizes): readonly Pair[] => [
  { method: 'gradient', peer: 'torch/gradient', goal: 1.5 },
  { method: 'gradient', peer: 'captum/gradient', goal: 1.5 },
  { method: 'integrated-gradients', options: { steps: 50 }, peer: 'captum/integrated-gradients', goal: 1.5 },
  {
    method: 'smoothgrad',
    options: { samples: noisy, sigma: SIGMA },
    peer: 'captum/smoothgrad',
    agreement: 'ranks',
    note: `${noisy} copies; each side draws its own noise`,
  },
  { method: 'guided-backprop', peer: 'captum/guided-backprop' },
  { method: 'deconvnet', peer: 'captum/deconvnet' },
  { method: 'deeplift', options: { maxpool: 'captum' }, peer: 'captum/deeplift' },
  ...camPairs,
  { method: 'lrp', options: { composite: 'epsilon-plus' }, peer: 'zennit/lrp-epsilon-plus', goal: 4 },
  {
    method: 'lrp',
    options: { composite: 'epsilon-alpha2beta1-flat' },
    peer: 'zennit/lrp-epsilon-alpha2beta1-flat',
    goal: 4,
  },
  { method: 'occlusion', options: { window, stride: window }, peer: 'captum/occlusion', note: `windows of ${window}` },
  {
    method: 'kernel-shap',
    options: { samples: 'all', segments: few },
    peer: 'shap/kernel-shap',
    note: 'all combinations of 6 superpixels',
  },
  {
    method: 'lime',
    options: { samples: coalitions, segments, masks: draws, baseline: 'segments' },
    peer: 'lime/lime',
    note: `${coalitions} combinations of superpixels, the same on both sides`,
  },
];

/** PyTorch on the network as it was exported, which nobody would run there: what folding alone explains. */
export const FOLDED: Pair = { method: 'gradient', peer: 'torch/gradient-folded', note: 'BatchNorm folded by hand' };
