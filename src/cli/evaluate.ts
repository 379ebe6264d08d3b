import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { evaluate } from '../engine/evaluation/evaluate';
import type { Evaluation, Failure } from '../engine/evaluation/evaluation';
import { aboutInputs } from '../engine/evaluation/page';
import { random } from '../engine/evaluation/random';
import { USUAL_METRICS } from '../engine/evaluation/usual';
import { count, identifiers, keyValue } from './arguments';
import { duration, number, table } from './format';
import { type CommonOptions, oneLine, Session, usageError } from './session';
import type { Terminal } from './terminal';

const RANDOM = random.info;

interface EvaluateOptions extends CommonOptions {
  readonly images?: string;
  readonly texts?: string;
  readonly rows?: string;
  readonly masks?: string;
  readonly labels?: string;
  readonly method: readonly string[];
  readonly metric?: readonly string[];
  readonly option?: Readonly<Record<string, string>>;
  readonly methodOption?: Readonly<Record<string, string>>;
  readonly explain: 'label' | 'predicted';
  readonly onlyCorrect?: boolean;
  readonly limit?: number;
  readonly out: string;
}

export function evaluateCommand(program: Command, terminal: Terminal): void {
  program
    .command('evaluate')
    .summary('compare methods by metrics on pictures, texts or rows of a table')
    .description(
      'Judges methods by metrics on the pictures or texts of a folder, or the rows of a table, and writes a report. What is in the output folder already is not done again: a run that was stopped goes on.',
    )
    .argument('<model>', 'ONNX file')
    .option('--images <folder>', 'pictures; the names of folders in it may be their classes')
    .option(
      '--texts <folder|file>',
      'texts: a folder of .txt files, one with a text on each line, or a table with a column "text"',
    )
    .option('--rows <file.csv>', 'rows of a table')
    .requiredOption(
      '--method <ids>',
      `methods, separated by commas; \`model-prism methods\` lists them. ${RANDOM.id}: ${RANDOM.summary}`,
      identifiers,
    )
    .requiredOption('--out <folder>', 'where the report, the table and all results are written')
    .option(
      '--metric <ids>',
      `metrics, separated by commas; \`model-prism metrics\` lists them (default: ${USUAL_METRICS.images.join(',')}, and with masks ${USUAL_METRICS.withMasks.join(',')}; for texts ${USUAL_METRICS.texts.join(',')}; for rows ${USUAL_METRICS.rows.join(',')})`,
      identifiers,
    )
    .option(
      '--masks <folder>',
      'masks of the same names (.png or .npy); NAME.mask.png beside a picture is found anyway',
    )
    .option(
      '--labels <file|column>',
      'classes of the files: lines file,label or JSON; of a table the column that tells them (default: label, class or target)',
    )
    .addOption(
      new Option('--explain <which>', "the input's own class where it is known, or always what the model chose")
        .choices(['label', 'predicted'])
        .default('label'),
    )
    .option('--only-correct', 'leave out what the model misclassifies')
    .option('--limit <n>', 'only the first pictures, texts or rows', count)
    .option(
      '--option <key=value>',
      'option of all metrics that have it, or metric.key=value; may be repeated',
      keyValue,
    )
    .option('--method-option <key=value>', 'the same for methods', keyValue)
    .action((model: string, _options, self: Command) =>
      evaluation(model, self.optsWithGlobals<EvaluateOptions>(), terminal),
    );
}

async function evaluation(model: string, options: EvaluateOptions, terminal: Terminal): Promise<void> {
  const { images, texts, rows, masks, labels, method, metric, option, methodOption, explain, onlyCorrect, limit, out } =
    options;
  if ([images, texts, rows].filter((source) => source !== undefined).length !== 1) {
    throw usageError('give either pictures with --images, texts with --texts, or a table with --rows');
  }
  if (masks !== undefined && images === undefined) throw usageError('masks are of pictures; give --images');
  await Session.run(terminal, options, async (session) => {
    const question = {
      ...(images !== undefined && { images }),
      ...(texts !== undefined && { texts }),
      ...(rows !== undefined && { rows }),
      methods: method,
      target: explain,
      onlyCorrect: onlyCorrect ?? false,
      out,
      ...(masks !== undefined && { masks }),
      ...(labels !== undefined && { labels }),
      ...(metric && { metrics: metric }),
      ...(option && { options: option }),
      ...(methodOption && { methodOptions: methodOption }),
      ...(limit !== undefined && { limit }),
    };
    const start = performance.now();
    const told = (failure: Failure): void => session.warn([asWarning(failure)]);
    const found = await evaluate(session.engine, model, question, session.context, told);
    session.warn(found.warnings ?? []);
    await session.print(found, () => describe(found, performance.now() - start));
  });
}

/** What did not work for one input or method is no failure of the whole. */
const asWarning = ({ image, method, error: { code, message } }: Failure) => ({
  code,
  message: `${[image, method].flatMap((part) => part ?? []).join(' · ')}: ${oneLine(message)}`,
});

/** A mean, and how far its interval reaches. */
function cell(found: Evaluation['methods'][number]['metrics'][string]): string {
  if (!found) return '—';
  const { mean, low, high } = found;
  return `${number(Number(mean.toPrecision(4)))} ± ${number(Number(Math.max(high - mean, mean - low).toPrecision(2)))}`;
}

function describe(found: Evaluation, ms: number): string[] {
  const { methods, metrics, model, files, provider } = found;
  const rows = Object.entries(metrics).map(([id, { better }]) => [
    `${id} ${better === 'higher' ? '↑' : '↓'}`,
    ...methods.map(({ metrics: own }) => cell(own[id])),
  ]);
  const times = methods.map(({ explainMs }) => (explainMs === null ? '—' : duration(explainMs)));
  return [
    `${basename(model)} · ${found.images.folder}`,
    ...aboutInputs(found),
    '',
    ...table([['', ...methods.map(({ id }) => id)], ...rows, ['an explanation', ...times]]),
    '',
    ...table([
      ['report', files.page],
      ['table', files.table],
      ['provider', provider],
      ['time', duration(ms)],
    ]),
  ];
}
