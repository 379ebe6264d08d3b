import { colourOf } from '../engine/render';
import type { ExplainReport } from '../engine/report';
import { methodById } from '../methods/index';
import { number, signedBar, table } from './format';
import { showsPictures, type Terminal } from './terminal';

/** The tokens or features that are told one by one; a text has the rest in its colours. */
const TOLD = 12;

/** The tokens of a text in their colours, and what contributes most; nothing for pictures. */
export function partLines(report: Pick<ExplainReport, 'tokens' | 'features' | 'method'>, terminal: Terminal): string[] {
  const { tokens, features } = report;
  if (tokens) {
    const words = tokens.filter(({ kind }) => kind !== 'padding');
    const told = [...words].sort(byStrength).slice(0, TOLD);
    const text = showsPictures(terminal) ? [colouredText(words, report.method), ''] : [];
    return [...text, ...bars(told.map(({ text: name, relevance }) => ({ name: visible(name), relevance })))];
  }
  if (!features) return [];
  const told = [...features].sort(byStrength);
  return bars(told.map(({ name, value, relevance }) => ({ name: `${name} = ${value}`, relevance })));
}

interface Part {
  readonly relevance: number;
}

const byStrength = (a: Part, b: Part): number => Math.abs(b.relevance) - Math.abs(a.relevance);

const largest = (parts: readonly Part[]): number =>
  parts.reduce((most, { relevance }) => Math.max(most, Math.abs(relevance)), 0) || 1;

/** Spaces and ends of lines as signs. */
const visible = (text: string): string => text.replaceAll('\n', '↵').replaceAll('\t', '→').replace(/^ +$/, '␣');

function bars(parts: readonly (Part & { readonly name: string })[]): string[] {
  const scale = largest(parts);
  return table(
    parts.map(({ name, relevance }) => [`  ${name}`, number(relevance).padStart(9), signedBar(relevance / scale)]),
  );
}

function colouredText(tokens: NonNullable<ExplainReport['tokens']>, method: string): string {
  const scale = largest(tokens);
  const { signed } = methodById(method).info;
  let line = '  ';
  let end = 0;
  for (const { text, start, end: next, kind, relevance } of tokens) {
    // Between tokens of a text lies what it has between them: mostly a space.
    if (start > end && line !== '  ') line += ' ';
    const { background, dark } = colourOf(relevance / scale, signed);
    const name = kind === 'special' || next === start ? text : visible(text);
    line += `\x1b[48;2;${background.join(';')}m\x1b[38;2;${dark ? '255;255;255' : '0;0;0'}m${name}\x1b[0m`;
    end = Math.max(end, next);
  }
  return line;
}
