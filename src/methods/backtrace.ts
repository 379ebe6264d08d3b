import { backtraceFlow, explainBacktrace, type Stream } from './backtrace/explain';
import type { Method, MethodInfo, Options } from './method';

const info: MethodInfo = {
  id: 'backtrace',
  title: 'DLBacktrace',
  summary:
    'The output’s value is traced back through every layer, each input getting its share by the size of what it contributed. Biases keep a share, which every layer reports. Contrast mode follows two streams: what speaks for the class, and what speaks for the others.',
  paper: {
    title: 'DLBacktrace: A Model Agnostic Explainability for any Deep Learning Models',
    url: 'https://arxiv.org/abs/2411.12643',
  },
  family: 'relevance',
  signed: true,
  indices: true,
  needs: 'reverse',
  layers: false,
  options: [
    {
      key: 'mode',
      title: 'Mode',
      help: 'default: one stream, shared out by the size of contributions. contrast: two streams without sign; in every neuron the larger one goes to the contributions that explain the neuron’s sign, the smaller one to the others.',
      type: 'choice',
      default: 'default',
      choices: ['default', 'contrast'],
    },
    {
      key: 'stream',
      title: 'Stream',
      help: 'Which map contrast mode shows: the stream for the class, the one for all others, or the first minus the second.',
      type: 'choice',
      default: 'positive',
      choices: ['positive', 'negative', 'both'],
    },
    {
      key: 'multiplier',
      title: 'Multiplier',
      help: 'The output’s relevance is its value times this.',
      type: 'number',
      default: 100,
      min: 0,
    },
    {
      key: 'scaler',
      title: 'Start value',
      help: 'Stands for the value of the chosen output; 0 takes the value itself.',
      type: 'number',
      default: 0,
      min: 0,
    },
    {
      key: 'threshold',
      title: 'Threshold',
      help: 'Of a segmentation only positions count whose output is above this.',
      type: 'number',
      default: 0.5,
    },
    {
      key: 'saturation',
      title: 'Saturation',
      help: 'Fully connected layers heed their activation in default mode: below the range in which it moves, positive contributions count for nothing, above it negative ones. Swish is treated as monotone with its lower bound.',
      type: 'boolean',
      default: false,
    },
  ],
};

const optionsOf = (options: Options) => ({
  mode: options.mode as 'default' | 'contrast',
  stream: options.stream as Stream,
  multiplier: options.multiplier as number,
  scaler: options.scaler as number,
  threshold: options.threshold as number,
  saturation: options.saturation === true,
});

/** DLBacktrace (Sankarapu et al. 2024), with position-aware attention and branches. */
export const backtrace: Method = {
  info,
  explain: (subject, options, runtime) => explainBacktrace(subject, optionsOf(options), runtime),
  flow: (subject, options, runtime) => backtraceFlow(subject, optionsOf(options), runtime),
  async attention(subject, weights, options, runtime) {
    return (await explainBacktrace({ ...subject, at: weights }, optionsOf(options), runtime)).map;
  },
};
