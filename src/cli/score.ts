import { basename } from 'node:path';
import type { Command } from 'commander';
import { type ScoreReport, scoreAttribution } from '../engine/score';
import { metricById } from '../metrics/index';
import { identifiers, keyValue } from './arguments';
import { addInputs, givenOf, heading, type InputOptions, titleOf } from './explain';
import { duration, number, percent, shape, sparkline, table } from './format';
import { type CommonOptions, Session, usageError } from './session';
import type { Terminal } from './terminal';

interface ScoreOptions extends CommonOptions, InputOptions {
  readonly attribution: string;
  readonly mask?: string;
  readonly target?: string;
  readonly score?: string;
  readonly region?: string;
  readonly metric: readonly string[];
  readonly option?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly methodOption?: Readonly<Record<string, string>>;
}

export function scoreCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('score')
    .summary('judge an attribution by metrics')
    .description('Judges an attribution, also one made elsewhere, by metrics.')
    .argument('<model>', 'ONNX file');
  addInputs(command)
    .requiredOption('--attribution <file.npy>', "attribution in the input's shape, or a coarser map of its locations")
    .requiredOption(
      '--metric <ids>',
      'what to judge by, separated by commas; `model-prism metrics` lists them',
      identifiers,
    )
    .option('--mask <file>', 'where the evidence is (.npy or picture)')
    .option('--target <index|label>', 'class that is explained (default: the one the model chose)')
    .option('--score <output[i,:,…]>', 'one element of an output instead of a class; `:` sums over an axis')
    .option('--region <mask>', "count only the mask's positions of a dense output (.npy or picture)")
    .option(
      '--option <key=value>',
      'option of all metrics that have it, or metric.key=value; may be repeated',
      keyValue,
    )
    .option('--method <id>', 'what made the attribution, for metrics that explain again (default: gradient)')
    .option('--method-option <key=value>', 'option of the method; repeat for several', keyValue)
    .action((model: string, _options, self: Command) => score(model, self.optsWithGlobals<ScoreOptions>(), terminal));
}

async function score(model: string, options: ScoreOptions, terminal: Terminal): Promise<void> {
  const { attribution, mask, target, score: written, region, metric, option, method, methodOption } = options;
  const given = givenOf(options);
  if (target !== undefined && written !== undefined) throw usageError('give either --target or --score, not both');
  for (const id of metric) {
    if (metricById(id).info.needs.includes('mask') && mask === undefined) {
      throw usageError(`${id} needs to know where the evidence is; give --mask FILE`);
    }
  }
  await Session.run(terminal, options, async (session) => {
    const claim = {
      ...given,
      attribution,
      metrics: metric,
      ...(mask !== undefined && { mask }),
      ...(target !== undefined && { target }),
      ...(written !== undefined && { score: written }),
      ...(region !== undefined && { region }),
      ...(option && { options: option }),
      ...(method !== undefined && { method }),
      ...(methodOption && { methodOptions: methodOption }),
    };
    const work = await session.engine.work(model, (desk) => scoreAttribution(desk, claim), session.context);
    const { result, provider, ms, warnings } = work;
    const report: ScoreReport = { model, ...result, provider, ms, ...(warnings.length > 0 && { warnings }) };
    session.warn(warnings);
    await session.print(report, () => describe(report, options));
  });
}

/** A metric's value as people read it; why there is none. */
function judgement(id: string, { value, reason, curve }: ScoreReport['metrics'][string]): string[] {
  const { better } = metricById(id).info;
  const told = value === null ? '—' : number(value);
  return [`  ${id} ${better === 'higher' ? '↑' : '↓'}`, told, reason ?? (curve ? sparkline(curve) : '')];
}

function describe(report: ScoreReport, options: ScoreOptions): string[] {
  const { target, attribution, method, metrics, provider, ms } = report;
  return [
    heading(basename(options.attribution), basename(report.model), titleOf(options)),
    '',
    ...table(Object.entries(metrics).map(([id, found]) => judgement(id, found))),
    '',
    ...table([
      [
        'target',
        `${target.label}${target.index === null ? '' : ` (${target.index})`}, score ${number(target.score)}, ${percent(target.probability)}`,
      ],
      [
        'attribution',
        `${shape(attribution.shape)}, sum ${number(attribution.sum)}, from ${number(attribution.min)} to ${number(attribution.max)}`,
      ],
      ...(method ? [['method', method.id]] : []),
      ['provider', provider],
      ['time', duration(ms.total)],
    ]),
  ];
}
