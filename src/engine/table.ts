import { createHash } from 'node:crypto';
import { PrismError } from '../graph/errors';
import { typeOf } from '../graph/ir';
import type { NdArray } from '../graph/ndarray';
import { fromFloat32, isElementType } from '../inputs/elements';
import { type Feature, totalWidth } from '../inputs/features';
import { encodeRow, type FeatureValue, featuresOfRow, readRow } from '../inputs/table';
import { areColumns, featuresOfColumns, joinColumns } from './columns';
import type { Model } from './model';

/** A row as the model reads it. */
export interface ReadRow {
  /** What it is called, e.g. `row 3 of wine.csv`. */
  readonly name: string;
  readonly features: readonly FeatureValue[];
}

export interface PreparedRow {
  /** The model that takes a row as one input. */
  readonly model: Model;
  readonly feeds: ReadonlyMap<string, NdArray>;
  readonly input: string;
  readonly read: ReadRow;
}

const rows = new WeakMap<Model, { readonly model: Model; readonly features: readonly Feature[] }>();

/**
 * A model of a table as one that takes a row as one input: where every column is an input of its own, these are joined.
 *
 * @throws PrismError CATEGORIES_MISSING
 */
export function asOneRow(model: Model): { readonly model: Model; readonly features?: readonly Feature[] } {
  const { graph, description } = model;
  const { task, features } = description.settings;
  if (task !== 'tabular' || !areColumns(graph.inputs)) return { model };
  const known = rows.get(model);
  if (known) return known;
  const own = featuresOfColumns(graph, features);
  const taken = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  const name = taken.has('features') ? 'features of the row' : 'features';
  const key = createHash('sha256').update(JSON.stringify(own)).digest('hex').slice(0, 12);
  const made = { model: model.withGraph(joinColumns(graph, own, name), `row${key}`), features: own };
  rows.set(model, made);
  return made;
}

/**
 * Makes the model's input of a row.
 *
 * @param written `a=1,b=red`, or a file with `:N` or `#N`
 * @throws PrismError NO_TABLE_INPUT, FEATURES_COUNT, INPUT_MISSING, those of reading and encoding the row
 */
export async function prepareRow(given: Model, written: string): Promise<PreparedRow> {
  const { model, features: own } = asOneRow(given);
  const { graph, description, path } = model;
  const { task, inputName } = description.settings;
  const known = own ?? description.settings.features;
  const input = own ? graph.inputs[0] : graph.inputs.find(({ name }) => name === inputName);
  if (task !== 'tabular' || !input) {
    throw new PrismError(
      'NO_TABLE_INPUT',
      `${path} takes no row of a table: its task is ${task}; if that is wrong, write "task": "tabular" into the prism.json`,
    );
  }
  const others = graph.inputs.filter(({ name }) => name !== input.name).map(({ name }) => name);
  if (others.length > 0) {
    throw new PrismError(
      'INPUT_MISSING',
      `beside the features ${input.name} the model needs ${others.join(', ')}; give every input as an array`,
      { inputs: others },
    );
  }
  const dtype = typeOf(graph, input.name)?.dtype ?? 'float32';
  if (!isElementType(dtype)) {
    throw new PrismError('UNSUPPORTED_TYPE', `the input ${input.name} is of type ${dtype}; rows are made of numbers`);
  }
  const last = input.shape?.at(-1);
  const count = typeof last === 'number' ? last : undefined;
  const row = await readRow(written);
  const features = known ?? featuresOfRow(row, count);
  const width = totalWidth(features);
  if (count !== undefined && width !== count) {
    throw new PrismError(
      'FEATURES_COUNT',
      `the features make ${width} numbers, but the model's input ${input.name} takes ${count}; correct "features" in the prism.json`,
    );
  }
  const { values, features: read } = encodeRow(row, features);
  const shape = input.shape?.length === 1 ? [width] : [1, width];
  return {
    model,
    feeds: new Map([[input.name, { dtype, shape, data: fromFloat32(values, dtype) }]]),
    input: input.name,
    read: { name: row.name, features: read },
  };
}
