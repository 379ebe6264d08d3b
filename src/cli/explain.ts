import { basename } from 'node:path';
import type { Command } from 'commander';
import { renderMap } from '../engine/render';
import type { Explained } from '../engine/report';
import { formatOf } from '../engine/save';
import { photographOf } from '../engine/subject';
import { files, keyValue, namedFile, pfv } from './arguments';
import { classTable, duration, number, shape, table } from './format';
import { type CommonOptions, Session, usageError } from './session';
import { drawPicture, showsPictures, type Terminal } from './terminal';

interface ExplainOptions extends CommonOptions {
  readonly image?: string;
  readonly input?: ReadonlyMap<string, string>;
  readonly method: string;
  readonly target?: string;
  readonly score?: string;
  readonly region?: string;
  readonly at?: string;
  readonly erf?: { readonly value: string; readonly y: number; readonly x: number };
  readonly option?: Readonly<Record<string, string>>;
  readonly out?: readonly string[];
}

export function addInputs(command: Command): Command {
  return command
    .option('--image <file>', 'picture to look at')
    .option('--input <name=file.npy>', 'array for an input, fed as it is; repeat for several inputs', namedFile);
}

/** Exactly one kind of input. */
export function givenOf({ image, input }: Pick<ExplainOptions, 'image' | 'input'>): {
  image?: string;
  inputs?: ReadonlyMap<string, string>;
} {
  if ((image === undefined) === (input === undefined)) {
    throw usageError(
      `give ${image === undefined ? 'a picture with --image or arrays' : 'either a picture with --image or arrays, not both,'} with --input NAME=FILE.npy`,
    );
  }
  return image === undefined ? { ...(input && { inputs: input }) } : { image };
}

export function explainCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('explain')
    .summary('show what a decision is based on')
    .description("Explains a model's decision on an input by a method and writes the attribution where asked to.")
    .argument('<model>', 'ONNX file');
  addInputs(command)
    .requiredOption('--method <id>', 'how to explain; `model-prism methods` lists them')
    .option('--target <index|label>', 'class to explain (default: the one the model chose)')
    .option('--score <output[i,:,…]>', 'one element of an output instead of a class; `:` sums over an axis')
    .option('--region <mask>', "count only the mask's positions of a dense output (.npy or picture)")
    .option('--at <value>', 'attribution of an inner value: its name or a unique end of it')
    .option('--erf <value@y,x>', 'effective receptive field of one vector of a layer', pfv)
    .option('--option <key=value>', 'option of the method; repeat for several', keyValue)
    .option(
      '--out <file>',
      'write the result: .npy (raw), .png (picture), .json (report) or .onnx (graph); may be repeated',
      files,
    )
    .action((model: string, _options, self: Command) =>
      explain(model, self.optsWithGlobals<ExplainOptions>(), terminal),
    );
}

async function explain(model: string, options: ExplainOptions, terminal: Terminal): Promise<void> {
  const { method, target, score, region, at, erf, option, out = [] } = options;
  const given = givenOf(options);
  if (target !== undefined && score !== undefined) throw usageError('give either --target or --score, not both');
  if (at !== undefined && erf !== undefined) throw usageError('give either --at or --erf, not both');
  for (const file of out) formatOf(file);
  await Session.run(terminal, options, async (session) => {
    const question = {
      ...given,
      ...(target !== undefined && { target }),
      ...(score !== undefined && { score }),
      ...(region !== undefined && { region }),
      ...(at !== undefined && { at }),
      ...(erf && { erf }),
      ...(option && { options: option }),
    };
    const explained = await session.engine.attribute(model, method, question, session.context);
    for (const file of out) await session.engine.write(explained, file);
    session.warn(explained.report.warnings ?? []);
    await session.print(explained.report, () => describe(explained, out, terminal));
  });
}

async function describe(explained: Explained, out: readonly string[], terminal: Terminal): Promise<string[]> {
  const { answer, report, map } = explained;
  const { target, attribution, conservation, ms } = report;
  const { info } = answer.method;
  const seen = answer.prepared.seen;
  const stages = ['decode', 'compile', 'run']
    .filter((stage) => stage in ms)
    .map((stage) => `${stage} ${duration(ms[stage])}`);
  const facts = [
    ['target', `${target.label}${target.index === null ? '' : ` (${target.index})`}, score ${number(target.score)}`],
    [
      'attribution',
      `${attribution.of} ${shape(attribution.shape)}, sum ${number(attribution.sum)}, from ${number(attribution.min)} to ${number(attribution.max)}`,
    ],
    ...(conservation
      ? [
          [
            'conservation',
            `residual ${number(conservation.residual)} (${conservation.what}: ${number(conservation.actual)}, ${number(conservation.expected)})`,
          ],
        ]
      : []),
    ...(conservation?.lost ? [['lost', number(conservation.lost)]] : []),
    ...(report.seed === undefined ? [] : [['seed', String(report.seed)]]),
    ['provider', report.provider],
    ['time', `${duration(ms.total)} (${stages.join(', ')})`],
    ...out.map((file) => ['written', file]),
  ];
  const picture: string[] = [];
  if (showsPictures(terminal)) {
    const photograph = seen && (await photographOf(seen));
    picture.push('', await drawPicture(await renderMap(map, info.signed, { photograph }), terminal.columns));
  }
  return [
    `${info.title} · ${basename(report.model)}${seen ? ` · ${basename(seen.path)}` : ''}`,
    ...picture,
    '',
    ...classTable(answer.top),
    '',
    ...table(facts),
  ];
}
