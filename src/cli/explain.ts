import { basename } from 'node:path';
import type { Command } from 'commander';
import { renderMap } from '../engine/render';
import type { Explained, ExplainReport } from '../engine/report';
import { formatOf } from '../engine/save';
import { type Given, photographOf } from '../engine/subject';
import { count, files, keyValue, namedFile, pfv, place } from './arguments';
import { attention, attentionFiles, attentionLines, type NamedAttention, namedAttention } from './attention';
import { classTable, duration, number, shape, table } from './format';
import { partLines } from './parts';
import { type CommonOptions, oneLine, Session, usageError } from './session';
import { namedSources, sourceLines } from './sources';
import { drawPicture, showsPictures, type Terminal } from './terminal';
import { explainTokens } from './tokens';

/** What is given to a model, by the options of {@link addInputs}. */
export interface InputOptions {
  readonly image?: string;
  readonly text?: string;
  readonly textFile?: string;
  readonly row?: string;
  readonly input?: ReadonlyMap<string, string>;
}

interface ExplainOptions extends CommonOptions, InputOptions {
  readonly method: string;
  readonly target?: string;
  readonly score?: string;
  readonly region?: string;
  readonly at?: string;
  readonly erf?: { readonly value: string; readonly y: number; readonly x: number };
  readonly sources?: { readonly value: string; readonly y: number; readonly x: number };
  readonly attention?: NamedAttention;
  readonly option?: Readonly<Record<string, string>>;
  readonly out?: readonly string[];
  readonly generate?: number;
  readonly token?: number | 'all';
}

export function addInputs(command: Command): Command {
  return command
    .option('--image <file>', 'picture to look at')
    .option('--text <text>', 'text to read')
    .option('--text-file <file>', 'file with the text to read, in UTF-8')
    .option('--row <cells|file[:n]>', 'row of a table: a=1,b=x, or the nth row of a CSV file')
    .option('--input <name=file.npy>', 'array for an input, fed as it is; repeat for several inputs', namedFile);
}

const KINDS = ['image', 'text', 'textFile', 'row', 'input'] as const;

/** Exactly one kind of input. */
export function givenOf(options: InputOptions): Given {
  const { image, text, textFile, row, input } = options;
  const count = KINDS.filter((kind) => options[kind] !== undefined).length;
  if (count !== 1) {
    const kinds =
      'a picture with --image, a text with --text or --text-file, a row with --row, or arrays with --input NAME=FILE.npy';
    throw usageError(count === 0 ? `give ${kinds}` : `give only one input, not both of two kinds: ${kinds}`);
  }
  return {
    ...(image !== undefined && { image }),
    ...(text !== undefined && { text }),
    ...(textFile !== undefined && { textFile }),
    ...(row !== undefined && { row }),
    ...(input && { inputs: input }),
  };
}

/** What was given, as a heading names it; '' for arrays. */
export function titleOf({ image, text, textFile, row }: InputOptions): string {
  if (text !== undefined) {
    const line = oneLine(text);
    return `“${line.length > TITLE ? `${line.slice(0, TITLE - 1)}…` : line}”`;
  }
  const file = image ?? textFile;
  return file === undefined ? (row ?? '') : basename(file);
}

/** The longest part of a text that a heading holds. */
const TITLE = 40;

/** A heading of what stands in it. */
export const heading = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' · ');

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
    .option('--generate <n>', 'let a language model go on with the text by n tokens, and explain each', count)
    .option('--token <n|all>', 'of a model that labels tokens: the one to explain (0 is the first), or all', place)
    .option('--at <value>', 'attribution of an inner value: its name or a unique end of it')
    .option('--erf <value@y,x>', 'effective receptive field of one vector of a layer', pfv)
    .option('--sources <value@y,x>', 'which vectors of the layers before one vector is made of', pfv)
    .option('--attention <layer[:head]>', 'attention weights, token × token: .npy and .png then hold those', attention)
    .option('--option <key=value>', 'option of the method; repeat for several', keyValue)
    .option(
      '--out <file>',
      'write the result: .npy (raw), .png (picture), .csv (tokens or features), .json or .html (report) or .onnx (graph); may be repeated',
      files,
    )
    .action((model: string, _options, self: Command) =>
      explain(model, self.optsWithGlobals<ExplainOptions>(), terminal),
    );
}

async function explain(model: string, options: ExplainOptions, terminal: Terminal): Promise<void> {
  const { method, target, score, region, at, erf, option, token, out = [] } = options;
  const given = givenOf(options);
  if (target !== undefined && score !== undefined) throw usageError('give either --target or --score, not both');
  if (at !== undefined && erf !== undefined) throw usageError('give either --at or --erf, not both');
  for (const file of out) formatOf(file);
  if (options.generate !== undefined || token === 'all') {
    const several = options.generate === undefined ? '--token all' : '--generate';
    for (const [name, value] of Object.entries({ target, score, region, at, erf, attention: options.attention })) {
      if (value !== undefined) throw usageError(`${several} chooses what is explained: leave out --${name}`);
    }
    const rows = options.generate ?? Number.POSITIVE_INFINITY;
    const asked = { model, method, rows, out, ...(option && { options: option }) };
    return explainTokens(asked, options, terminal);
  }
  const held = options.attention ? attentionFiles(out) : [];
  await Session.run(terminal, options, async (session) => {
    const question = {
      ...given,
      ...(target !== undefined && { target }),
      ...(score !== undefined && { score }),
      ...(region !== undefined && { region }),
      ...(token !== undefined && { token }),
      ...(at !== undefined && { at }),
      ...(erf && { erf }),
      ...(option && { options: option }),
    };
    const explained = await session.engine.attribute(model, method, question, session.context);
    const heeded = options.attention && (await namedAttention(session, explained, options.attention, held));
    const report = { ...explained.report, ...(heeded && { attention: heeded }) };
    for (const file of out) if (!held.includes(file)) await session.engine.write({ ...explained, report }, file);
    session.warn(explained.report.warnings ?? []);
    const sources = options.sources && (await namedSources(explained.answer, options.sources));
    await session.print({ ...report, ...(sources && { sources }) }, async () => [
      ...(await describe(explained, options, terminal)),
      ...(sources ? ['', ...sourceLines(sources)] : []),
      ...(heeded ? ['', ...attentionLines(heeded, explained.answer.prepared.text?.tokens)] : []),
    ]);
  });
}

/** How many layers are listed; `--json` has them all. */
const KEEPERS = 10;

/** The layers that keep most of the relevance, and how well the books of all balance. */
function ledgerTable(ledger: NonNullable<ExplainReport['ledger']>): string[] {
  const size = (entry: (typeof ledger)[number]): number => Math.abs(entry.sink) + Math.abs(entry.lost);
  const most = ledger.reduce((highest, { out }) => Math.max(highest, Math.abs(out)), 0);
  const keepers = ledger.filter((entry) => size(entry) > 1e-3 * most).sort((a, b) => size(b) - size(a));
  const off = ledger.reduce(
    (worst, entry) => Math.max(worst, Math.abs(entry.out - entry.in - entry.sink - entry.lost)),
    0,
  );
  return [
    ...table([
      ['layer', 'out', 'in', 'sink', 'lost'],
      ...keepers
        .slice(0, KEEPERS)
        .map((entry) => [`${entry.op} ${entry.value}`, ...[entry.out, entry.in, entry.sink, entry.lost].map(number)]),
    ]),
    `out = in + sink + lost at all ${ledger.length} nodes, to ${number(off)}`,
  ];
}

async function describe(explained: Explained, options: ExplainOptions, terminal: Terminal): Promise<string[]> {
  const { answer, report, map } = explained;
  const { out = [] } = options;
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
  const parts = partLines(report, terminal);
  const picture: string[] = [];
  if (parts.length === 0 && showsPictures(terminal)) {
    const photograph = seen && (await photographOf(seen));
    picture.push('', await drawPicture(await renderMap(map, info.signed, { photograph }), terminal.columns));
  }
  return [
    heading(info.title, basename(report.model), titleOf(options)),
    ...picture,
    '',
    ...classTable(answer.top),
    '',
    ...(parts.length > 0 ? [...parts, ''] : []),
    ...table(facts),
    ...(report.ledger ? ['', ...ledgerTable(report.ledger)] : []),
  ];
}
