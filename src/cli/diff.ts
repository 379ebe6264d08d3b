import { basename, extname } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { type Divergence, divergence } from '../engine/divergence/divergence';
import { keyValue, type namedFile } from './arguments';
import { addInputs, givenOf } from './explain';
import { number, shape, table } from './format';
import { type CommonOptions, Session, usageError } from './session';
import type { Terminal } from './terminal';

interface DiffOptions extends CommonOptions {
  readonly image?: string;
  readonly input?: ReturnType<typeof namedFile>;
  readonly method: string;
  readonly option?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly score?: string;
  readonly region?: string;
  readonly threshold?: number;
  readonly out?: string;
}

function cosine(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > -1 && value <= 1))
    throw new InvalidArgumentError('a cosine lies between -1 and 1');
  return value;
}

export function diffCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('diff')
    .summary('where two models part on one input')
    .description(
      'Explains one input on two models for the same class and compares them layer by layer: feature vectors, relevance, and the first layer where they part.',
    )
    .argument('<model>', 'ONNX file')
    .argument('<other>', 'another state of it: before and after training, float and quantised');
  addInputs(command)
    .option('--method <id>', 'how to explain; srd and others with layers compare relevance layer by layer', 'srd')
    .option('--option <key=value>', 'option of the method; repeat for several', keyValue)
    .option('--target <index|label>', 'class to explain (default: the one the first model chose)')
    .option('--score <output[i,:,…]>', 'one element of an output instead of a class; `:` sums over an axis')
    .option('--region <mask>', "count only the mask's positions of a dense output (.npy or picture)")
    .option('--threshold <cosine>', 'below which mean cosine of their vectors layers count as parted (0.99)', cosine)
    .option('--out <file.png>', 'paint both maps side by side')
    .action((model: string, other: string, _options, self: Command) =>
      diff([model, other], self.optsWithGlobals<DiffOptions>(), terminal),
    );
}

async function diff(models: readonly [string, string], options: DiffOptions, terminal: Terminal): Promise<void> {
  const { method, option, target, score, region, threshold, out } = options;
  const given = givenOf(options);
  if (target !== undefined && score !== undefined) throw usageError('give either --target or --score, not both');
  if (out !== undefined && extname(out).toLowerCase() !== '.png')
    throw usageError(`${out} is no name of a picture; end it in .png`);
  await Session.run(terminal, options, async (session) => {
    const question = {
      ...given,
      method,
      ...(option && { options: option }),
      ...(target !== undefined && { target }),
      ...(score !== undefined && { score }),
      ...(region !== undefined && { region }),
      ...(threshold !== undefined && { threshold }),
      ...(out !== undefined && { out }),
    };
    const found = await divergence(session.engine, models, question, session.context);
    session.warn(found.warnings ?? []);
    await session.print({ ...found, ...(out !== undefined && { out }) }, () => describe(found, out));
  });
}

function describe(
  { models, layers, parted, threshold, relevance, alone, provider }: Divergence,
  out?: string,
): string[] {
  const rows = layers.map(({ title, shape: dims, cosine: mean, lowest, difference, relevance: map }, index) => [
    index === parted ? '→' : ' ',
    title,
    shape(dims),
    number(mean),
    number(lowest),
    number(difference),
    map ? number(map.moved) : '',
  ]);
  const header = [
    '',
    'layer',
    'shape',
    'cosine',
    'lowest',
    '‖a−b‖/‖a‖',
    layers.some((l) => l.relevance) ? 'moved' : '',
  ];
  const told = ({ model, target, top }: Divergence['models'][number]): string[] => [
    basename(model),
    `${target.label}${target.index === null ? '' : ` (${target.index})`}, score ${number(target.score)}; predicts ${top[0]?.label ?? 'nothing'}`,
  ];
  const where = parted === null ? `nowhere: every mean cosine is at least ${threshold}` : layers[parted].title;
  const missing = alone.flatMap((names, side) =>
    names.length > 0 ? [[`only in ${basename(models[side].model)}`, `${names.length} layers`]] : [],
  );
  return [
    ...table([header, ...rows]),
    '',
    ...table([
      told(models[0]),
      told(models[1]),
      ['part at', where],
      ...(relevance
        ? [
            [
              'relevance',
              `${number(100 * relevance.moved)} % lies elsewhere${relevance.correlation === null ? '' : `, rank correlation ${number(relevance.correlation)}`}`,
            ],
          ]
        : []),
      ...missing,
      ['provider', provider],
      ...(out === undefined ? [] : [['written', out]]),
    ]),
  ];
}
