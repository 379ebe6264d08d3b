import type { Command } from 'commander';
import { METHODS, methodById } from '../methods/index';
import type { MethodInfo, OptionSpec } from '../methods/method';
import { table, wrap } from './format';
import type { CommonOptions } from './session';
import type { Terminal } from './terminal';

export function methodsCommand(program: Command, terminal: Terminal): void {
  program
    .command('methods')
    .summary('list the methods of explanation')
    .description('Lists the methods; with an identifier, one method and its options.')
    .argument('[id]', 'method to describe')
    .action((id: string | undefined, _options, self: Command) => {
      const { json, quiet } = self.optsWithGlobals<CommonOptions>();
      const methods = (id === undefined ? METHODS : [methodById(id)]).map(({ info }) => info);
      if (json) terminal.out(`${JSON.stringify({ methods })}\n`);
      else if (!quiet) terminal.out(`${(id === undefined ? list(methods) : describe(methods[0])).join('\n')}\n`);
    });
}

const list = (methods: readonly MethodInfo[]): string[] =>
  table([
    ['METHOD', 'TITLE', 'OPTIONS'],
    ...methods.map(({ id, title, options }) => [id, title, options.map(({ key }) => key).join(', ')]),
  ]);

function describe({ id, title, summary, paper, options }: MethodInfo): string[] {
  const lines = [`${title} (${id})`, '', ...wrap(summary, 78)];
  if (paper) lines.push('', ...wrap(`${paper.title}, ${paper.url}`, 78));
  return [...lines, ...describeOptions(options)];
}

/** Options with their values, defaults and meaning. */
export const describeOptions = (options: readonly OptionSpec[]): string[] =>
  options.flatMap((option) => [
    '',
    `  --option ${option.key}=${range(option)}  (default: ${option.default})`,
    ...wrap(option.help, 72).map((line) => `      ${line}`),
  ]);

function range({ type, choices, min, max }: OptionSpec): string {
  if (type === 'boolean') return 'true|false';
  const other =
    min !== undefined && max !== undefined
      ? [`${min}…${max}`]
      : { integer: ['N'], number: ['NUMBER'], choice: [], file: ['FILE.npy'], value: ['VALUE'] }[type];
  return [...(choices ?? []), ...other].join('|');
}
