import type { OptionSpec } from '../method';

/** Options of all class activation maps. */
export const camOptions: readonly OptionSpec[] = [
  {
    key: 'layer',
    title: 'Layer',
    help: 'The value whose channels are weighed, by its name or a unique end of it. Empty: the last map before the head; with a class token, what the last attention reads.',
    type: 'value',
    default: '',
  },
  {
    key: 'upsample',
    title: 'Enlarge',
    help: 'Positive part, interpolated bilinearly between cell centres to the size of the input. Off: the raw map at the size of the layer.',
    type: 'boolean',
    default: true,
  },
];
