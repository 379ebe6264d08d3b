import { PrismError } from '../graph/errors';
import { type Graph, typeOf } from '../graph/ir';
import { isFloating } from '../graph/tensor';
import { closest } from '../inputs/closest';
import type { PfvLayer } from '../methods/method';
import type { LayerInfo } from '../protocol';
import { channelAxis } from './maps';

/** Operators that only rearrange or rename: the layer they show is the one before them. */
const VIEWS: ReadonlySet<string> = new Set([
  'Cast',
  'Dropout',
  'Expand',
  'Flatten',
  'Gather',
  'Identity',
  'Pad',
  'Reshape',
  'Shape',
  'Slice',
  'Split',
  'Squeeze',
  'Tile',
  'Transpose',
  'Unsqueeze',
]);

/** Activations: what they are applied to is shown after them only. */
const ACTIVATIONS: ReadonlySet<string> = new Set([
  'Celu',
  'Clip',
  'Elu',
  'Gelu',
  'HardSigmoid',
  'HardSwish',
  'LeakyRelu',
  'Mish',
  'PRelu',
  'Relu',
  'Selu',
  'Sigmoid',
  'Softplus',
  'Softsign',
  'Tanh',
  'ThresholdedRelu',
]);

/** Parts of one layer: shown by what follows them. */
const INNER: ReadonlySet<string> = new Set([
  'BatchNormalization',
  'Conv',
  'Gemm',
  'MatMul',
  'Add',
  'InstanceNormalization',
]);

/**
 * A short name for a value, from the exporter's: `/layer1/layer1.0/relu/Relu_output_0` → `layer1.0.relu`.
 * Module paths repeat their parents; the operator at the end stays only where nothing else names the value.
 */
export function layerTitle(value: string): string {
  const parts = value
    .replace(/_output_\d+$/, '')
    .split('/')
    .filter(Boolean);
  if (parts.length < 2) return parts[0] ?? value;
  const operator = /^[A-Z]\w*?(_\d+)?$/.exec(parts.at(-1) ?? '');
  const modules = operator ? parts.slice(0, -1) : parts;
  let title = '';
  for (const part of modules) title = title === '' || part.startsWith(`${title}.`) ? part : `${title}.${part}`;
  return `${title}${operator?.[1] ?? ''}`;
}

/** Titles that name no two layers alike. */
function withUniqueTitles(layers: readonly Omit<LayerInfo, 'title'>[]): LayerInfo[] {
  const count = new Map<string, number>();
  for (const { id } of layers) count.set(layerTitle(id), (count.get(layerTitle(id)) ?? 0) + 1);
  return layers.map((layer) => {
    const title = layerTitle(layer.id);
    return { ...layer, title: count.get(title) === 1 ? title : layer.id };
  });
}

/** Layers of PFVs as a person sees them. */
export function pfvLayers(layers: readonly Omit<PfvLayer, 'channels'>[]): LayerInfo[] {
  return withUniqueTitles(
    layers.map(({ value, op, shape, locations }) => {
      const width = locations.at(-1) ?? 1;
      const height = locations.slice(0, -1).reduce((product, dim) => product * dim, 1);
      return { id: value, op, shape, width, height };
    }),
  );
}

/** The layers of a specialised model, the explained input first: what the input flows through, activations included. */
export function modelLayers(graph: Graph, input: string): LayerInfo[] {
  const reached = new Set([input]);
  const layers: Omit<LayerInfo, 'title'>[] = [];
  const readers = new Map<string, string[]>();
  for (const node of graph.nodes)
    for (const value of node.inputs) readers.set(value, [...(readers.get(value) ?? []), node.op]);
  const add = (id: string, op: string): void => {
    const type = typeOf(graph, id);
    const shape = type?.shape?.filter((dim) => typeof dim === 'number');
    if (!type || !shape || shape.length !== type.shape?.length || !isFloating(type.dtype)) return;
    layers.push({ id, op, shape, ...gridOf(shape) });
  };
  add(input, 'Input');
  for (const node of graph.nodes) {
    if (!node.inputs.some((value) => reached.has(value))) continue;
    for (const output of node.outputs) reached.add(output);
    const [value] = node.outputs;
    const next = readers.get(value) ?? [];
    const partOfNext =
      next.length === 1 &&
      (ACTIVATIONS.has(next[0]) || next[0] === 'BatchNormalization' || (next[0] === 'Add' && node.op !== 'Add'));
    if (VIEWS.has(node.op) || (INNER.has(node.op) && partOfNext)) continue;
    add(value, node.op);
  }
  return withUniqueTitles(layers);
}

function gridOf(shape: readonly number[]): { width: number; height: number } {
  const channels = channelAxis(shape);
  const locations = shape.filter((_, axis) => axis > 0 && axis !== channels);
  const width = locations.at(-1) ?? 1;
  return { width, height: locations.slice(0, -1).reduce((product, dim) => product * dim, 1) };
}

/**
 * The value that a person means: its name, or an end of it that no other value has.
 *
 * @throws PrismError UNKNOWN_VALUE, AMBIGUOUS_VALUE
 */
export function findValue(graph: Graph, name: string): string {
  const values = [...graph.inputs.map((input) => input.name), ...graph.nodes.flatMap((node) => node.outputs)].filter(
    Boolean,
  );
  if (values.includes(name)) return name;
  const found = values.filter((value) => value.endsWith(name));
  if (found.length === 1 && name !== '') return found[0];
  if (found.length > 1 && name !== '') {
    const listed = found.slice(0, 5).join(', ');
    throw new PrismError(
      'AMBIGUOUS_VALUE',
      `${JSON.stringify(name)} is the end of ${found.length} values: ${listed}${found.length > 5 ? ', …' : ''}; write more of the name`,
      { candidates: found.slice(0, 20) },
    );
  }
  const near = closest(name, values);
  throw new PrismError(
    'UNKNOWN_VALUE',
    `the model has no value ${JSON.stringify(name)}; ${near ? `did you mean ${near}? ` : ''}\`layers\` lists them`,
    { value: name },
  );
}
