import * as path from 'node:path';
import type { Explanation, InputParams } from '../protocol';
import type { PanelQuestion } from '../protocol/panel';

/** The longest part of a text that a title holds. */
const TITLE = 30;

/** The file of a row, `wine.csv:3`; undefined for cells that were typed. */
const fileOfRow = (row: string): string | undefined => /^(.*\.(?:csv|tsv|txt))(?:[:#]\d+)?$/is.exec(row)?.[1];

/** The file that an input is read from, if it is one. */
export const fileOf = ({ image, textFile, row }: InputParams): string | undefined =>
  image ?? textFile ?? (row === undefined ? undefined : fileOfRow(row));

/** What an input is called. */
export function titleOf(input: InputParams): string {
  if (input.text !== undefined) {
    const line = input.text.trim().replace(/\s+/g, ' ');
    return `“${line.length > TITLE ? `${line.slice(0, TITLE - 1)}…` : line}”`;
  }
  const file = input.image ?? input.textFile ?? input.row ?? '';
  return fileOf(input) === undefined ? file.slice(0, TITLE) : path.basename(file, input.inputs ? '.npy' : '');
}

/** What is explained, without by what. */
const inputOf = ({ image, text, textFile, row, inputs }: InputParams): InputParams => ({
  ...(image !== undefined && { image }),
  ...(text !== undefined && { text }),
  ...(textFile !== undefined && { textFile }),
  ...(row !== undefined && { row }),
  ...(inputs !== undefined && { inputs }),
});

export const sameInput = (a: InputParams, b: InputParams): boolean =>
  JSON.stringify(inputOf(a)) === JSON.stringify(inputOf(b));

/** The file that an explanation is of; undefined where it came from none. */
export const sourceOf = ({ photograph, text }: Explanation): string | undefined => photograph?.path ?? text?.path;

/** Undefined takes a part of the question away. */
export type QuestionChange = { readonly [K in keyof PanelQuestion]?: PanelQuestion[K] | undefined };

/** A question with some of its parts changed. */
export function changedQuestion(question: PanelQuestion, change: QuestionChange): PanelQuestion {
  const entries = Object.entries({ ...question, ...change }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as unknown as PanelQuestion;
}

/** What to ask to get an explanation again, beside what is compared and which part of the output was asked about. */
export function questionBehind(explanation: Explanation, asked: PanelQuestion | undefined): PanelQuestion {
  const { model, method, target, options } = explanation;
  const { compare, classes, score, where, token } = asked ?? {};
  return changedQuestion(
    { ...inputOf(asked ?? {}), model: model.path, method: method.id, options },
    { compare, classes, score, where, token, target: score === undefined ? target.index : undefined },
  );
}

/**
 * What to ask about one token of a text: its label, or of a model that goes on with texts why the token comes after what
 * stands before it; undefined where the model says nothing of single tokens.
 */
export function questionAt({ model, text }: Explanation, token: number): QuestionChange | undefined {
  const { start, id } = text?.tokens[token] ?? {};
  if (text === undefined || start === undefined) return undefined;
  const { task } = model;
  if (task === 'token-classification') return { token, target: undefined, score: undefined };
  const before = text.text.slice(0, start);
  if (task !== 'text-generation' || before.trim() === '') return undefined;
  return { text: before, textFile: undefined, target: id, token: undefined, score: undefined };
}
