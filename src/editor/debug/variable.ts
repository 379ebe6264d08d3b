import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import { expressionAt } from './expression';

type Known = Readonly<Record<string, unknown>>;

const isKnown = (value: unknown): value is Known => typeof value === 'object' && value !== null;

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;

/**
 * The expression of what a menu of the debug views was opened on. The Variables view hands over
 * `{ container, variable: { name, evaluateName } }`, Watch its row: the expression is the row's name.
 */
function expressionOfRow(row: unknown): string | undefined {
  if (Array.isArray(row)) return row.map(expressionOfRow).find((text) => text !== undefined);
  if (!isKnown(row)) return undefined;
  if (isKnown(row.variable)) return textOf(row.variable.evaluateName) ?? textOf(row.variable.name);
  return textOf(row.evaluateName) ?? textOf(row.expression) ?? textOf(row.name);
}

/** What is selected in a Python editor, or the variable at the cursor. */
function expressionInEditor(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return undefined;
  const { selection, document } = editor;
  if (!selection.isEmpty) return textOf(document.getText(selection));
  return expressionAt(document.lineAt(selection.active.line).text, selection.active.character)?.text;
}

/**
 * The expression that a command is about: a row of a debug view, a text, the editor's; else the person is asked.
 *
 * @returns undefined when the person gave up
 */
export async function chosenExpression(args: readonly unknown[]): Promise<string | undefined> {
  const [given] = args;
  const fromEditor = given === undefined || given instanceof vscode.Uri;
  const text = fromEditor ? expressionInEditor() : (textOf(given) ?? expressionOfRow(args));
  if (text !== undefined) return text;
  if (!fromEditor) throw new PrismError('NO_VARIABLE', vscode.l10n.t('This row names no variable.'));
  const typed = await vscode.window.showInputBox({
    title: vscode.l10n.t('Which variable?'),
    prompt: vscode.l10n.t('A variable or expression of the paused program, such as batch[0]'),
  });
  return textOf(typed);
}
