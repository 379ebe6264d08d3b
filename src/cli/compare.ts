import { basename, extname } from 'node:path';
import type { Command } from 'commander';
import { type Comparison, compare } from '../engine/compare';
import { count, identifiers, keyValue } from './arguments';
import { addInputs, givenOf, heading, type InputOptions, titleOf } from './explain';
import { duration, number, table } from './format';
import { type CommonOptions, oneLine, Session, usageError } from './session';
import type { Terminal } from './terminal';

interface CompareOptions extends CommonOptions, InputOptions {
  readonly method: readonly string[];
  readonly methodOption?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly score?: string;
  readonly region?: string;
  readonly columns?: number;
  readonly out: string;
}

export function compareCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('compare')
    .summary('explain one input by several methods')
    .description('Explains one input by several methods and puts their maps into one picture.')
    .argument('<model>', 'ONNX file');
  addInputs(command)
    .requiredOption('--method <ids>', 'methods, separated by commas; `model-prism methods` lists them', identifiers)
    .requiredOption('--out <file.png>', 'where the picture is written')
    .option('--target <index|label>', 'class to explain (default: the one the model chose)')
    .option('--score <output[i,:,…]>', 'one element of an output instead of a class; `:` sums over an axis')
    .option('--region <mask>', "count only the mask's positions of a dense output (.npy or picture)")
    .option(
      '--method-option <key=value>',
      'option of all methods that have it, or method.key=value; may be repeated',
      keyValue,
    )
    .option('--columns <n>', 'how many maps stand in a row', count)
    .action((model: string, _options, self: Command) =>
      comparison(model, self.optsWithGlobals<CompareOptions>(), terminal),
    );
}

async function comparison(model: string, options: CompareOptions, terminal: Terminal): Promise<void> {
  const { method, methodOption, target, score, region, columns, out } = options;
  const given = givenOf(options);
  if (target !== undefined && score !== undefined) throw usageError('give either --target or --score, not both');
  if (extname(out).toLowerCase() !== '.png') throw usageError(`${out} is no name of a picture; end it in .png`);
  await Session.run(terminal, options, async (session) => {
    const question = {
      ...given,
      methods: method,
      out,
      ...(methodOption && { methodOptions: methodOption }),
      ...(target !== undefined && { target }),
      ...(score !== undefined && { score }),
      ...(region !== undefined && { region }),
      ...(columns !== undefined && { columns }),
    };
    const found = await compare(session.engine, model, question, session.context);
    session.warn(found.warnings ?? []);
    session.warn(
      found.failures.map(({ method: id, error }) => ({ ...error, message: `${id}: ${oneLine(error.message)}` })),
    );
    await session.print({ ...found, out }, () => describe(found, options));
  });
}

function describe({ model, target, methods, provider }: Comparison, options: CompareOptions): string[] {
  const rows = methods.map(({ method, attribution, conservation, ms }) => [
    `  ${method}`,
    `sum ${number(attribution.sum)}`,
    `from ${number(attribution.min)} to ${number(attribution.max)}`,
    conservation ? `residual ${number(conservation.residual)}` : '',
    duration(ms.total),
  ]);
  return [
    heading(basename(model), titleOf(options)),
    '',
    ...table(rows),
    '',
    ...table([
      ['target', `${target.label}${target.index === null ? '' : ` (${target.index})`}, score ${number(target.score)}`],
      ['provider', provider],
      ['written', options.out],
    ]),
  ];
}
