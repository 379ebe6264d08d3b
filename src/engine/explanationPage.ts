import { basename } from 'node:path';
import type { ClassScore, FeaturePart, LayerInfo, MethodSummary, ScalarMap, TextParts, TokenPart } from '../protocol';
import type { JudgedMetric } from '../protocol/study';
import { arrow, escaped, number, page } from './page';
import { besideText, stretchesOf } from './partsPicture';
import { colourOf } from './render';
import type { ExplainReport } from './report';

/** What a page tells of an explanation. */
export interface ExplanationPage {
  readonly report: ExplainReport;
  readonly method: Pick<MethodSummary, 'title' | 'summary' | 'paper' | 'signed' | 'options'>;
  /** What is known of the model beside its path, as name and value. */
  readonly model: readonly (readonly [string, string])[];
  readonly top: readonly ClassScore[];
  /** Pictures as data URIs. */
  readonly photograph?: { readonly name: string; readonly picture: string };
  readonly map?: string;
  /** Of a text. */
  readonly text?: TextParts;
  readonly layers: readonly { readonly layer: LayerInfo; readonly map: ScalarMap; readonly picture: string }[];
  readonly judged: readonly JudgedMetric[];
}

const STYLE = `
.pictures { display: flex; flex-wrap: wrap; gap: 1.5rem; }
.pictures img { display: block; max-width: min(100%, 34rem); max-height: 34rem; }
.layers { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); }
.layers img { display: block; width: 100%; image-rendering: pixelated; }
.layers figcaption { font-size: .8em; overflow-wrap: anywhere; }
.target { font-weight: 700; }
.words { border: 1px solid #8884; line-height: 1.9; overflow-wrap: anywhere; padding: .5rem .8rem; white-space: pre-wrap; }
.scale { display: inline-block; height: .7em; vertical-align: middle; width: 8rem; }
`;

/** Colours of words, from all against the score to all for it. A page has no styles in its elements. */
const STEPS = 20;
const shades = (signed: boolean): string =>
  Array.from({ length: 2 * STEPS + 1 }, (_, i) => {
    const { background, dark } = colourOf((i - STEPS) / STEPS, signed);
    return i === STEPS ? '' : `.s${i} { background: rgb(${background.join(' ')}); color: ${dark ? '#fff' : '#000'}; }`;
  }).join('\n');

/** A text in the colours of its tokens' relevance. */
function colouredText(text: TextParts | undefined): string {
  if (!text) return '';
  const most = text.tokens.reduce((largest, { relevance }) => Math.max(largest, Math.abs(relevance)), 0) || 1;
  const words = stretchesOf(text).map(({ text: word, token }) => {
    const step = STEPS + Math.round((STEPS * (token?.relevance ?? 0)) / most);
    if (!token || step === STEPS) return escaped(word);
    return `<span class="s${step}" title="${number(token.relevance)}">${escaped(word)}</span>`;
  });
  const beside = besideText(text);
  const more = beside.length > 0 ? `<p class="note">${escaped(beside.join(' · '))}</p>` : '';
  return `<p class="words">${words.join('')}</p>\n${more}`;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<div class="wide"><table>${
    head.length > 0
      ? `<thead><tr>${head.map((name) => `<th scope="col">${escaped(name)}</th>`).join('')}</tr></thead>`
      : ''
  }<tbody>${rows.map((cells) => `<tr>${cells.join('')}</tr>`).join('\n')}</tbody></table></div>`;

const cell = (text: string, kind?: 'text' | 'target'): string =>
  `<td${kind ? ` class="${kind}"` : ''}>${escaped(text)}</td>`;

const section = (title: string, content: string): string =>
  content === '' ? '' : `<h2>${escaped(title)}</h2>\n${content}\n`;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function pictures({ photograph, map, method, report }: ExplanationPage): string {
  const figure = (source: string, text: string): string =>
    `<figure><img src="${escaped(source)}" alt="${escaped(text)}"><figcaption class="note">${escaped(text)}</figcaption></figure>`;
  const signs = method.signed ? 'red speaks for it, blue against it' : 'bright is much, dark is little';
  const shown = [
    ...(photograph ? [figure(photograph.picture, photograph.name)] : []),
    ...(map ? [figure(map, `${method.title} of ${report.target.label}: ${signs}`)] : []),
  ];
  return shown.length > 0 ? `<div class="pictures">${shown.join('\n')}</div>` : '';
}

function classes({ top, report }: ExplanationPage): string {
  const rows = top.map(({ index, label, score, probability }) => {
    const kind = index === report.target.index ? 'target' : undefined;
    return [cell(label, kind), cell(String(index)), cell(number(score)), cell(percent(probability))];
  });
  return rows.length > 0 ? table(['class', 'index', 'score', 'probability'], rows) : '';
}

/** Tokens and columns: a bar to either side of 0. */
function parts(parts: readonly { readonly name: string; readonly relevance: number }[]): string {
  const most = Math.max(...parts.map(({ relevance }) => Math.abs(relevance))) || 1;
  const bar = (relevance: number): string => {
    const length = (50 * Math.abs(relevance)) / most;
    const left = relevance < 0 ? 50 - length : 50;
    const colour = relevance < 0 ? '#2166ac' : '#b2182b';
    return `<td><svg class="scale" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect x="${left.toFixed(2)}" width="${length.toFixed(2)}" height="10" fill="${colour}"/></svg></td>`;
  };
  return table(
    ['part', 'relevance', ''],
    parts.map(({ name, relevance }) => [cell(name), cell(number(relevance)), bar(relevance)]),
  );
}

function partsOf({ tokens, features }: ExplainReport): string {
  const ofToken = ({ text, relevance }: TokenPart) => ({ name: text, relevance });
  const ofFeature = ({ name, value, relevance }: FeaturePart) => ({ name: `${name} = ${value}`, relevance });
  if (tokens) return parts(tokens.filter(({ kind }) => kind !== 'padding').map(ofToken));
  return features ? parts(features.map(ofFeature)) : '';
}

function numbers({ report }: ExplanationPage): string {
  const { attribution, conservation, seed } = report;
  const rows: (readonly [string, string])[] = [
    ['sum of the map', number(attribution.sum)],
    ['smallest value', number(attribution.min)],
    ['largest value', number(attribution.max)],
    ...(conservation
      ? ([
          [conservation.what, `${number(conservation.actual)}, expected ${number(conservation.expected)}`],
          ['residual', number(conservation.residual)],
          ...(conservation.lost ? ([['lost on the way', number(conservation.lost)]] as const) : []),
        ] as const)
      : []),
    ...(seed === undefined ? [] : ([['seed', String(seed)]] as const)),
  ];
  return facts(rows);
}

const facts = (rows: readonly (readonly [string, string])[]): string =>
  table(
    [],
    rows.map(([name, value]) => [cell(name), cell(value, 'text')]),
  );

function judged(metrics: readonly JudgedMetric[]): string {
  const rows = metrics.map(({ title, better, value, reason, error }) => [
    cell(`${title} ${arrow(better)}`),
    cell(value === null ? '—' : number(value)),
    cell(error?.message ?? reason ?? '', 'text'),
  ]);
  return rows.length > 0
    ? `${table(['metric', 'value', ''], rows)}\n<p class="note">↑ higher is better, ↓ lower.</p>`
    : '';
}

function layers(shown: ExplanationPage['layers']): string {
  const tiles = shown.map(({ layer, map, picture }) => {
    const sum = map.data.reduce((total, value) => total + value, 0);
    const text = `${layer.op}, ${map.width} × ${map.height}`;
    return `<figure><img src="${escaped(picture)}" alt="${escaped(`Map of ${layer.title}`)}"><figcaption>${escaped(layer.title)}<br><span class="note">${escaped(text)}<br>sum ${number(sum)}</span></figcaption></figure>`;
  });
  return tiles.length > 0 ? `<div class="layers">${tiles.join('\n')}</div>` : '';
}

/** An explanation as a page that needs no other file. */
export function explanationPage(what: ExplanationPage): string {
  const { report, method } = what;
  const { target } = report;
  const name = what.photograph?.name ?? basename(report.model);
  const { paper } = method;
  const cited = paper ? ` <a href="${escaped(paper.url)}" rel="noreferrer">${escaped(paper.title)}</a>` : '';
  const options = method.options.flatMap(({ key, title }) =>
    report.options[key] === undefined ? [] : [[title, String(report.options[key])] as const],
  );
  const took = Object.entries(report.ms).map(([stage, ms]) => `${stage} ${number(ms)} ms`);
  const model: readonly (readonly [string, string])[] = [
    ['model', report.model],
    ...what.model,
    ['provider', report.provider],
    ['time', took.join(', ')],
    ...(report.warnings ?? []).map(({ code, message }) => [code, message] as const),
  ];
  const body = [
    `<p><b>${escaped(target.label)}</b>${target.index === null ? '' : ` (class ${target.index})`}, score ${number(target.score)} · ${escaped(method.title)} · ${escaped(basename(report.model))}</p>`,
    pictures(what),
    section('Text', colouredText(what.text)),
    section('Classes', classes(what)),
    section('Parts', partsOf(report)),
    section('Numbers', numbers(what)),
    section('Metrics', judged(what.judged)),
    section('Method', `<p>${escaped(method.summary)}${cited}</p>\n${options.length > 0 ? facts(options) : ''}`),
    section('Layers', layers(what.layers)),
    section('Model', facts(model)),
  ];
  const style = what.text ? STYLE + shades(method.signed) : STYLE;
  return page(`Why ${name}: ${target.label}`, style, body.join('\n'));
}
