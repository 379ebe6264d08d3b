import { basename } from 'node:path';
import type { TokenReport } from '../engine/generation/save';
import { TokenStudies } from '../engine/generation/studies';
import type { TokenStudy } from '../protocol/tokens';
import { duration, number, percent, table } from './format';
import { type CommonOptions, Session, usageError } from './session';
import type { Terminal } from './terminal';

/** Tokens to explain one after the other. */
interface AskedTokens {
  readonly model: string;
  readonly method: string;
  readonly options?: Readonly<Record<string, string>>;
  /** How many, if there are so many. */
  readonly rows: number;
  readonly out: readonly string[];
}

/** Tokens that a row names as its reasons. */
const REASONS = 3;

/** Explains token after token of a text: those that a language model adds, or the labels of those there are. */
export async function explainTokens(
  asked: AskedTokens,
  given: CommonOptions & { readonly text?: string; readonly textFile?: string },
  terminal: Terminal,
): Promise<void> {
  const { model, method, rows, options, out } = asked;
  const { text, textFile } = given;
  if ((text === undefined) === (textFile === undefined)) {
    throw usageError('tokens are explained of one text: give it with --text or --text-file');
  }
  await Session.run(terminal, given, async (session) => {
    const studies = new TokenStudies(session.engine);
    const source = text === undefined ? { textFile: textFile as string } : { text };
    let study = await studies.open({ model, method, ...source, ...(options && { options }) }, session.context);
    while (study.rows.length < rows && study.ended === undefined) {
      study = await studies.next(study.id, session.context);
    }
    for (const file of out) await studies.save(study.id, file);
    session.warn(study.warnings);
    await session.print(studies.report(study.id), () => describe(study, studies.report(study.id), out));
  });
}

const visible = (text: string): string => text.replaceAll('\n', '↵').replaceAll('\t', '→').replace(/^ | $/g, '␣');

const ENDED = {
  end: 'the model ended the text',
  full: 'the model takes no more tokens',
  all: 'every token is explained',
} as const;

function describe({ tokens }: TokenStudy, report: TokenReport, out: readonly string[]): string[] {
  const { kind, rows, method, model, continuation = '', cached, ended, provider, ms } = report;
  const lines = rows.map(({ at, label, probability, relevance }) => {
    const reasons = [...relevance.keys()]
      .filter((token) => relevance[token] !== 0)
      .sort((a, b) => Math.abs(relevance[b]) - Math.abs(relevance[a]))
      .slice(0, REASONS)
      .map((token) => `${visible(tokens[token].text)} ${number(relevance[token])}`);
    const name = kind === 'labels' ? `${visible(tokens[at].text)} → ${label}` : visible(label);
    return [`  ${name}`, percent(probability).padStart(7), reasons.join('   ')];
  });
  return [
    `${method} · ${basename(model)}`,
    ...(kind === 'generation' ? ['', `  …${continuation.replaceAll('\n', '\n  ')}`] : []),
    '',
    ...table([[kind === 'labels' ? '  token and label' : '  next token', '', 'because of'], ...lines]),
    '',
    ...table([
      ['tokens', `${report.given} given, ${rows.length} explained${cached ? ', by a model with a cache' : ''}`],
      ...(ended ? [['ended', ENDED[ended]]] : []),
      ['provider', provider],
      ['time', duration(ms.total)],
      ...out.map((file) => ['written', file]),
    ]),
  ];
}
