import { METRICS } from '../src/metrics/index';

const START = '<!-- metrics -->';
const END = '<!-- /metrics -->';

/** The page with its table of metrics made anew from the metrics' own declarations. */
export function withMetrics(page: string): string {
  const rows = METRICS.map(({ info }) => {
    const title = info.paper ? `[${info.title}](${info.paper.url})` : info.title;
    const arrow = info.better === 'higher' ? '↑' : '↓';
    return `| \`${info.id}\` ${arrow} | ${title} | ${info.needs.join(', ')} | ${info.summary} |`;
  });
  const table = ['| metric | | needs | what it tells |', '| --- | --- | --- | --- |', ...rows].join('\n');
  const before = page.slice(0, page.indexOf(START) + START.length);
  return `${before}\n${table}\n${page.slice(page.indexOf(END))}`;
}
