import type { Dim } from '../graph/ir';
import type { Diagnostic, ParsedConfig, Task } from './config';
import type { FieldPath, ModelSignature, Settings } from './settings';

/** A disagreement between settings and model, at the field to blame. */
interface Finding {
  readonly path: FieldPath | 'input';
  readonly severity: Diagnostic['severity'];
  readonly code: string;
  readonly message: string;
}

type Rule = (settings: Settings, model: ModelSignature) => Finding | undefined;

/**
 * What a prism.json says against the model: `CONFIG_MISMATCH` (error), `LABELS_COUNT` (warning; index names stand for
 * missing labels).
 *
 * @param parsed where the fields stand; without it (everything was guessed) findings point at line 1
 */
export function checkSettings(settings: Settings, model: ModelSignature, parsed?: ParsedConfig): Diagnostic[] {
  const start = { line: 1, column: 1, endLine: 1, endColumn: 1 };
  return RULES.flatMap((rule) => {
    const finding = rule(settings, model);
    if (!finding) return [];
    const { path, severity, code, message } = finding;
    return [{ severity, code, message, ...(parsed?.rangeOf(path.split('.')) ?? start) }];
  });
}

const mismatch = (path: Finding['path'], message: string): Finding => ({
  path,
  severity: 'error',
  code: 'CONFIG_MISMATCH',
  message,
});

const names = (values: readonly { readonly name: string }[]): string => values.map((value) => value.name).join(', ');

const RULES: readonly Rule[] = [
  ({ inputName }, { inputs }) =>
    inputName === undefined || inputs.some((value) => value.name === inputName)
      ? undefined
      : mismatch('input.name', `the model has no input '${inputName}'; it has ${names(inputs)}`),

  ({ output }, { outputs }) =>
    outputs.some((value) => value.name === output.name)
      ? undefined
      : mismatch('output.name', `the model has no output '${output.name}'; it has ${names(outputs)}`),

  (settings, model) => {
    const shape = inputShape(settings, model);
    const layout = settings.input?.layout;
    return shape && layout && shape.length !== layout.length
      ? mismatch('input.layout', `layout ${layout} has ${layout.length} axes, but the input has ${shape.length}`)
      : undefined;
  },

  (settings, model) => {
    const channels = axis(settings, model, 'C');
    const { input } = settings;
    const wanted = input?.channels === 'grey' ? 1 : 3;
    return input && typeof channels === 'number' && channels !== wanted
      ? mismatch('input.channels', `channels ${input.channels} are ${wanted}, but the model's input has ${channels}`)
      : undefined;
  },

  (settings, model) => {
    const size = settings.input?.size;
    const [height, width] = [axis(settings, model, 'H'), axis(settings, model, 'W')];
    const differs = (side: number, dim: Dim | undefined): boolean => typeof dim === 'number' && dim !== side;
    return size && (differs(size[0], height) || differs(size[1], width))
      ? mismatch(
          'input.size',
          `size is ${size[0]} × ${size[1]}, but the model takes ${height ?? '?'} × ${width ?? '?'}`,
        )
      : undefined;
  },

  ...(['mean', 'std'] as const).map((field): Rule => {
    return ({ input }) => {
      if (!input) return undefined;
      const channels = input.channels === 'grey' ? 1 : 3;
      const { length } = input[field];
      return length === 1 || length === channels
        ? undefined
        : mismatch(`input.${field}`, `${field} has ${length} numbers for ${channels} channels; give 1 or ${channels}`);
    };
  }),

  ({ input }) =>
    input && !input.layout.includes('C') && input.channels !== 'grey'
      ? mismatch('input.channels', `layout ${input.layout} has no channel axis; channels must be grey`)
      : undefined,

  (settings, model) => {
    const count = classCount(settings, model);
    const found = settings.labels?.length;
    if (count === undefined || found === undefined || found === count) return undefined;
    const consequence = found < count ? `classes from ${found} on are called by their index` : 'the rest is unused';
    return {
      path: 'labels',
      severity: 'warning',
      code: 'LABELS_COUNT',
      message: `there are ${found} labels for ${count} classes; ${consequence}`,
    };
  },
];

function inputShape(settings: Settings, model: ModelSignature): readonly Dim[] | undefined {
  return model.inputs.find((value) => value.name === settings.inputName)?.shape;
}

function axis(settings: Settings, model: ModelSignature, letter: string): Dim | undefined {
  const shape = inputShape(settings, model);
  const at = settings.input?.layout.indexOf(letter) ?? -1;
  return shape && at >= 0 && shape.length === settings.input?.layout.length ? shape[at] : undefined;
}

const DENSE: ReadonlySet<Task> = new Set(['segmentation']);

/**
 * How many classes the output distinguishes: its last axis, or the channels of a map (`[N, C, H, W]`, or last where the
 * input has channels last). undefined where the model leaves it open, and for detectors, whose outputs differ.
 */
export function classCount(settings: Settings, model: ModelSignature): number | undefined {
  const shape = model.outputs.find((value) => value.name === settings.output.name)?.shape;
  if (!shape || shape.length === 0 || settings.task === 'detection' || settings.task === 'text-generation')
    return undefined;
  const channelsLast = settings.input?.layout.endsWith('C') ?? false;
  const map = DENSE.has(settings.task) || shape.length === 4;
  const dim = map && !channelsLast ? shape[1] : shape.at(-1);
  return typeof dim === 'number' ? dim : undefined;
}
