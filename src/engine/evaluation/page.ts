import { basename } from 'node:path';
import { metricById } from '../../metrics/index';
import type { Estimate } from '../../metrics/statistics';
import { arrow, escaped, number, page } from '../page';
import type { Entry, Evaluation, MethodSummary } from './evaluation';
import { meanCurve } from './summary';
import { NOUNS } from './tables';

const STYLE = `
.best { font-weight: 700; } .interval { color: var(--quiet); display: block; font-size: .85em; font-weight: 400; }
.curves { display: flex; flex-wrap: wrap; gap: 2rem; }
svg text { font: 11px system-ui, sans-serif; fill: currentColor; } .axis { stroke: currentColor; opacity: .35; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; padding: 0; }
.legend svg { display: inline-block; vertical-align: middle; margin-right: .4rem; }
`;

/** Colours that most people tell apart (Okabe and Ito); dashes help where they end. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f'];
const DASHES = ['', '6 3', '2 3', '8 3 2 3'];

const lineStyle = (index: number): string => {
  const dash = DASHES[Math.floor(index / COLOURS.length) % DASHES.length];
  return `stroke="${COLOURS[index % COLOURS.length]}" stroke-width="2" fill="none"${dash && ` stroke-dasharray="${dash}"`}`;
};

function best(methods: readonly MethodSummary[], metric: string, better: 'higher' | 'lower'): number | undefined {
  const means = methods.flatMap(({ metrics }) => metrics[metric]?.mean ?? []);
  if (means.length < 2) return undefined;
  return better === 'higher' ? Math.max(...means) : Math.min(...means);
}

function cell(found: Estimate | null, top: number | undefined): string {
  if (!found) return '<td>—</td>';
  const interval = `<span class="interval">${number(found.low)} … ${number(found.high)}</span>`;
  return `<td${found.mean === top ? ' class="best"' : ''}>${number(found.mean)}${interval}</td>`;
}

function table({ methods, metrics }: Evaluation): string {
  const columns = Object.entries(metrics).map(([id, { better }]) => ({ id, better, top: best(methods, id, better) }));
  const head = columns.map(
    ({ id, better }) =>
      `<th scope="col" title="${escaped(metricById(id).info.summary)}">${escaped(id)} ${arrow(better)}</th>`,
  );
  const rows = methods.map(
    ({ id, title, metrics: found, explainMs }) =>
      `<tr><th scope="row" title="${escaped(title)}">${escaped(id)}</th>${columns
        .map(({ id: metric, top }) => cell(found[metric], top))
        .join('')}<td>${explainMs === null ? '—' : `${number(explainMs)} ms`}</td></tr>`,
  );
  return `<div class="wide"><table><thead><tr><th scope="col">method</th>${head.join('')}<th scope="col">time</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

const PLOT = { width: 420, height: 240, left: 44, right: 10, top: 10, bottom: 36 };

/** Round steps that cover a range. */
function ticks(low: number, high: number): number[] {
  const raw = (high - low) / 4 || 1;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * unit).find((size) => size >= raw) ?? raw;
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Mean curves of the methods over each other; nothing where there are none. */
function plot(metric: string, { methods }: Evaluation, entries: readonly Entry[]): string {
  const { info } = metricById(metric);
  const lines = methods.flatMap(({ id }, index) => {
    const curve = meanCurve(
      entries.filter(({ method }) => method === id),
      metric,
    );
    return curve ? [{ id, index, curve }] : [];
  });
  if (!info.axes || lines.length === 0) return '';
  const values = lines.flatMap(({ curve }) => curve);
  const steps = ticks(Math.min(0, ...values), Math.max(...values));
  const [low, high] = [steps[0], steps[steps.length - 1]];
  const { width, height, left, right, top, bottom } = PLOT;
  const x = (share: number): number => left + share * (width - left - right);
  const y = (value: number): number => height - bottom - ((value - low) / (high - low)) * (height - top - bottom);
  const points = (curve: readonly number[]): string =>
    curve.map((value, i) => `${x(i / (curve.length - 1)).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const grid = steps.map(
    (step) =>
      `<line class="axis" x1="${left}" x2="${width - right}" y1="${y(step).toFixed(1)}" y2="${y(step).toFixed(1)}"/><text x="${left - 6}" y="${(y(step) + 4).toFixed(1)}" text-anchor="end">${step}</text>`,
  );
  const labels = [0, 0.5, 1].map(
    (share) => `<text x="${x(share)}" y="${height - bottom + 15}" text-anchor="middle">${share}</text>`,
  );
  const drawn = lines.map(
    ({ id, index, curve }) =>
      `<polyline points="${points(curve)}" ${lineStyle(index)}><title>${escaped(id)}</title></polyline>`,
  );
  return `<figure><figcaption>${escaped(info.title)} ${arrow(info.better)}: ${escaped(info.axes.y)}</figcaption>
<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(`${info.title}: ${info.axes.y} by ${info.axes.x}`)}">
${grid.join('')}${labels.join('')}
<text x="${x(0.5)}" y="${height - 4}" text-anchor="middle">${escaped(info.axes.x)}</text>
${drawn.join('\n')}</svg></figure>`;
}

function curves(evaluation: Evaluation, entries: readonly Entry[]): string {
  const plots = Object.keys(evaluation.metrics).map((metric) => plot(metric, evaluation, entries));
  if (plots.every((one) => one === '')) return '';
  const legend = evaluation.methods.map(
    ({ id }, index) =>
      `<li><svg width="28" height="8" aria-hidden="true"><line x1="0" x2="28" y1="4" y2="4" ${lineStyle(index)}/></svg>${escaped(id)}</li>`,
  );
  return `<h2>Mean curves</h2><ul class="legend">${legend.join('')}</ul><div class="curves">${plots.join('\n')}</div>`;
}

function inputs({ metrics, images }: Evaluation, entries: readonly Entry[]): string {
  const { one, many } = NOUNS[images.kind];
  const ids = Object.keys(metrics);
  const rows = entries.map(({ image, method, target, label, predicted, metrics: found }) => {
    const explained = target ? `${escaped(target.label)} (${(100 * target.probability).toFixed(1)} %)` : '';
    const wrong = label && predicted && label.index !== predicted.index;
    const seen = wrong ? ` <span class="note">taken for ${escaped(predicted.label)}</span>` : '';
    const values = ids.map((id) => {
      const value = found[id]?.value;
      const reason = found[id]?.reason;
      return `<td${reason ? ` title="${escaped(reason)}"` : ''}>${typeof value === 'number' ? number(value) : '—'}</td>`;
    });
    return `<tr><td>${escaped(image)}</td><td>${escaped(method)}</td><td>${explained}${seen}</td>${values.join('')}</tr>`;
  });
  const head = [one, 'method', 'explained', ...ids].map((name) => `<th scope="col">${escaped(name)}</th>`);
  return `<h2>${many.charAt(0).toUpperCase()}${many.slice(1)}</h2><details><summary>${entries.length} results</summary><div class="wide"><table>
<thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div></details>`;
}

function failures({ failures: found }: Evaluation): string {
  if (found.length === 0) return '';
  const items = found.map(({ image, method, error }) => {
    const where = [image, method].flatMap((part) => part ?? []).join(' · ');
    return `<li>${escaped(where)}: ${escaped(error.message)} <span class="note">${escaped(error.code)}</span></li>`;
  });
  return `<h2>What did not work</h2><ul>${items.join('\n')}</ul>`;
}

/** What the inputs were, in sentences. */
export function aboutInputs({ images, target }: Evaluation): string[] {
  const { kind, count, judged, withLabel, misclassified, leftOut, withMask, maskShare } = images;
  const { one, many } = NOUNS[kind];
  const taken = misclassified === 0 ? 'all classified rightly' : `${misclassified} misclassified`;
  return [
    `${judged} of ${count} ${many} judged`,
    ...(withLabel > 0 ? [`${withLabel} with a label, ${taken}${leftOut > 0 ? `, ${leftOut} left out` : ''}`] : []),
    ...(maskShare === null
      ? []
      : [`${withMask} with a mask, which covers ${(100 * maskShare).toFixed(1)} % on average`]),
    target === 'label' && withLabel > 0 ? `explained: the ${one}’s own class` : 'explained: the class the model chose',
  ];
}

function settings({ methods, metrics }: Evaluation): string {
  const told = (options: object): string =>
    Object.entries(options)
      .map(([key, value]) => `${key}=${value}`)
      .join(', ') || '—';
  const rows = [
    ...methods.map(({ id, options }) => [id, told(options)]),
    ...Object.entries(metrics).map(([id, { options }]) => [id, told(options)]),
  ].map(([id, options]) => `<tr><td>${escaped(id)}</td><td class="text">${escaped(options)}</td></tr>`);
  return `<h2>Settings</h2><details><summary>Options of methods and metrics</summary><table>${rows.join('')}</table></details>`;
}

/** An evaluation as a page that needs no other file. */
export function evaluationPage(evaluation: Evaluation, entries: readonly Entry[]): string {
  const name = basename(evaluation.model);
  const body = `<p>${aboutInputs(evaluation).map(escaped).join(' · ')} · ${escaped(evaluation.provider)}</p>
${table(evaluation)}
<p class="note">Means over ${NOUNS[evaluation.images.kind].many} with their 95 % bootstrap intervals; the best mean is bold. ↑ higher is better, ↓ lower.</p>
${curves(evaluation, entries)}
${failures(evaluation)}
${inputs(evaluation, entries)}
${settings(evaluation)}`;
  return page(`Explanations of ${name}`, STYLE, body);
}
