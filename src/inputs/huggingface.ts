import type { Resize } from './config';
import { labelsOf } from './labels';
import type { Interpolation } from './resample';
import { type Known, type Layer, layer, type Origin } from './settings';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const numbers = (value: unknown): number[] | undefined =>
  Array.isArray(value) && value.every((item) => typeof item === 'number')
    ? value
    : typeof value === 'number'
      ? [value]
      : undefined;

/** PIL's numbers of resampling filters, which preprocessor_config.json uses. */
const RESAMPLE: readonly Interpolation[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];
const NAMES: ReadonlySet<unknown> = new Set(RESAMPLE);

function pair(value: unknown): readonly [number, number] | undefined {
  if (typeof value === 'number') return [value, value];
  if (!isObject(value)) return undefined;
  const height = number(value.height);
  const width = number(value.width);
  return height !== undefined && width !== undefined ? [height, width] : undefined;
}

/**
 * What a `preprocessor_config.json` of the Transformers library says (image processors: `size`, `crop_size`,
 * `resample`, `rescale_factor`, `image_mean`, …, and ConvNeXt's `crop_pct`).
 */
export function preprocessorLayer(json: unknown): Layer {
  if (!isObject(json)) return {};
  const origin: Origin = { source: 'preprocessor_config.json', why: 'written there' };
  const rescale = json.do_rescale !== false;
  const normalize = json.do_normalize !== false;
  const hasValues = ['image_mean', 'image_std', 'rescale_factor', 'do_rescale', 'do_normalize'].some(
    (key) => key in json,
  );
  const fields: Known = {
    ...geometry(json),
    'input.interpolation': typeof json.resample === 'number' ? RESAMPLE[json.resample] : undefined,
    ...(hasValues && {
      'input.scale': rescale ? (number(json.rescale_factor) ?? 1 / 255) : 1,
      'input.mean': (normalize ? numbers(json.image_mean) : undefined) ?? [0],
      'input.std': (normalize ? numbers(json.image_std) : undefined) ?? [1],
    }),
  };
  return layer(origin, fields);
}

function geometry(json: Json): Known {
  const size = isObject(json.size) ? json.size : undefined;
  const shortest = number(size?.shortest_edge) ?? (json.default_to_square === false ? number(json.size) : undefined);
  const cropPct = number(json.crop_pct);
  if (json.do_resize === false && json.do_center_crop !== true) return {};
  if (shortest !== undefined && cropPct !== undefined) {
    // ConvNeXt's processor: below 384 the shorter side becomes shortest/crop_pct and the centre is cut; else stretched.
    const side: readonly [number, number] = [shortest, shortest];
    return shortest < 384
      ? shorterSide(side, Math.trunc(shortest / cropPct))
      : { 'input.size': side, 'input.crop': null, 'input.resize': 'stretch' };
  }
  const cropped = json.do_center_crop === true ? pair(json.crop_size) : undefined;
  if (cropped) return shorterSide(cropped, shortest ?? null);
  if (shortest !== undefined) return shorterSide([shortest, shortest], shortest);
  const resize: Resize = json.do_pad === true ? 'letterbox' : 'stretch';
  const target = pair(json.size);
  return target ? { 'input.size': target, 'input.crop': null, 'input.resize': resize } : {};
}

const shorterSide = (size: readonly [number, number], side: number | null): Known => ({
  'input.size': size,
  'input.crop': null,
  'input.resize': 'shorter-side',
  'input.shorterSide': side,
});

/** What a `config.json` says: class names (`id2label`), and the preprocessing of a timm model (`pretrained_cfg`). */
export function modelConfigLayer(json: unknown): Layer {
  if (!isObject(json)) return {};
  const labels = labelsOf({ id2label: json.id2label }) ?? labelsOf(json.label_names);
  const timm = isObject(json.pretrained_cfg) ? json.pretrained_cfg : json;
  const origin: Origin = { source: 'config.json', why: 'written there' };
  return layer(origin, { labels: placeholders(labels) ? undefined : labels, ...timmFields(timm) });
}

/** LABEL_0, LABEL_1, … is what Transformers writes when nobody gave names. */
const placeholders = (labels: readonly string[] | undefined): boolean =>
  labels?.every((label, i) => label === `LABEL_${i}`) ?? false;

function timmFields(timm: Json): Known {
  const dims = numbers(timm.input_size);
  if (dims?.length !== 3) return {};
  const [, height, width] = dims as [number, number, number];
  const cropPct = number(timm.crop_pct);
  const stretched = timm.crop_mode === 'squash';
  return {
    ...(cropPct !== undefined && !stretched
      ? shorterSide([height, width], Math.floor(Math.min(height, width) / cropPct))
      : { 'input.size': [height, width], 'input.crop': null, 'input.resize': 'stretch' }),
    'input.interpolation': NAMES.has(timm.interpolation) ? (timm.interpolation as Interpolation) : undefined,
    ...(numbers(timm.mean) && {
      'input.scale': 1 / 255,
      'input.mean': numbers(timm.mean),
      'input.std': numbers(timm.std) ?? [1],
    }),
  };
}
