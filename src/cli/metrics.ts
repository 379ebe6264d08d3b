import type { Command } from 'commander';
import { METRICS, metricById } from '../metrics/index';
import type { MetricInfo } from '../metrics/metric';
import { table, wrap } from './format';
import { describeOptions } from './methods';
import type { CommonOptions } from './session';
import type { Terminal } from './terminal';

export function metricsCommand(program: Command, terminal: Terminal): void {
  program
    .command('metrics')
    .summary('list the metrics of explanations')
    .description('Lists the metrics; with an identifier, one metric and its options.')
    .argument('[id]', 'metric to describe')
    .action((id: string | undefined, _options, self: Command) => {
      const { json, quiet } = self.optsWithGlobals<CommonOptions>();
      const metrics = (id === undefined ? METRICS : [metricById(id)]).map(({ info }) => info);
      if (json) terminal.out(`${JSON.stringify({ metrics })}\n`);
      else if (!quiet) terminal.out(`${(id === undefined ? list(metrics) : describe(metrics[0])).join('\n')}\n`);
    });
}

const list = (metrics: readonly MetricInfo[]): string[] =>
  table([
    ['METRIC', 'BETTER', 'NEEDS', 'TITLE'],
    ...metrics.map(({ id, better, needs, title }) => [id, better, needs.join(', '), title]),
  ]);

function describe({ id, title, summary, paper, better, needs, options }: MetricInfo): string[] {
  const lines = [`${title} (${id}): ${better} is better`, '', ...wrap(summary, 78)];
  if (needs.length > 0) lines.push('', `Needs beside the attribution: ${needs.join(', ')}`);
  if (paper) lines.push('', ...wrap(`${paper.title}, ${paper.url}`, 78));
  return [...lines, ...describeOptions(options)];
}
