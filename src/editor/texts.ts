import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../graph/errors';
import { parseTable } from '../inputs/table';
import type { InputParams } from '../protocol';
import { ignoredFolders } from './models';

/** What models are for that read texts. */
export const TEXT_TASKS = ['text-classification', 'token-classification', 'text-generation'] as const;

const MOST_ROWS = 5000;
const MOST_FILES = 2000;

const isTable = ({ path: name }: vscode.Uri): boolean => /\.(csv|tsv)$/i.test(name);
const isText = ({ path: name }: vscode.Uri): boolean => /\.txt$/i.test(name);

/** Whether a file holds a text or a table. */
export const hasParts = (uri: vscode.Uri): boolean => isTable(uri) || isText(uri);

/** What is explained, and the file that it lies with. */
export interface Wanted {
  readonly input: InputParams;
  readonly file: string | undefined;
}

/** The text of a file, the selection, or one that the person types; undefined when they do not. */
export async function wantedText(file: vscode.Uri | undefined): Promise<Wanted | undefined> {
  if (file) return { input: { textFile: requireFile(file) }, file: file.fsPath };
  const editor = vscode.window.activeTextEditor;
  const selected = editor?.document.getText(editor.selection) ?? '';
  const beside = fileOf(editor?.document.uri);
  if (selected.trim() !== '') return { input: { text: selected }, file: beside };
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Explain which text?'),
    placeHolder: vscode.l10n.t('Type or paste it; a selection in an editor is taken without asking.'),
  });
  return text === undefined || text.trim() === '' ? undefined : { input: { text }, file: beside };
}

/** The file of an editor: a cell of a notebook lies in the notebook's. */
const fileOf = (uri: vscode.Uri | undefined): string | undefined =>
  uri && (uri.scheme === 'file' || uri.scheme === 'vscode-notebook-cell') ? uri.fsPath : undefined;

/** Cells as they are typed, `age=3,colour=red`, on one line. */
const CELLS = /^\s*[^=,\n]+=[^\n]*$/;

/** A row of a table that the person chooses, or cells that are selected; undefined when they do not. */
export async function wantedRow(given: vscode.Uri | undefined): Promise<Wanted | undefined> {
  const editor = vscode.window.activeTextEditor;
  const selected = editor?.document.getText(editor.selection) ?? '';
  if (!given && CELLS.test(selected)) {
    return { input: { row: selected.trim() }, file: fileOf(editor?.document.uri) };
  }
  const active = editor && isTable(editor.document.uri) ? editor.document.uri : undefined;
  const uri = given ?? active ?? (await pickTable());
  if (!uri) return undefined;
  const file = requireFile(uri);
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  // The line of the cursor, the names of the columns being the first: what is looked at is meant most often.
  const line = editor?.document.uri.toString() === uri.toString() ? editor.selection.active.line : 0;
  const row = await pickRow(text, file, line);
  return row === undefined ? undefined : { input: { row: `${file}:${row}` }, file };
}

/** The number of a row that the person chooses, from 1; undefined when they do not. */
export async function pickRow(text: string, file: string, line: number): Promise<number | undefined> {
  const { columns, rows } = parseTable(text, file);
  if (rows.length === 0) {
    throw new PrismError('ROW_OUT_OF_RANGE', vscode.l10n.t('{0} has no rows.', path.basename(file)), { file });
  }
  const items = rows.slice(0, MOST_ROWS).map((cells, index) => ({
    number: index + 1,
    label: vscode.l10n.t('Row {0}', index + 1),
    description: cells.map((cell, at) => `${columns[at]} ${cell}`).join(' · '),
  }));
  const quickPick = vscode.window.createQuickPick<(typeof items)[number]>();
  quickPick.title = vscode.l10n.t('Explain which row of {0}?', path.basename(file));
  quickPick.matchOnDescription = true;
  quickPick.items = items;
  const active = items[line - 1];
  if (active) quickPick.activeItems = [active];
  try {
    return await new Promise((resolve) => {
      quickPick.onDidAccept(() => {
        const [item] = quickPick.activeItems;
        if (item) resolve(item.number);
      });
      quickPick.onDidHide(() => resolve(undefined));
      quickPick.show();
    });
  } finally {
    quickPick.dispose();
  }
}

async function pickTable(): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles('**/*.{csv,tsv,CSV,TSV}', ignoredFolders, MOST_FILES);
  const items = found.map((uri) => ({ uri, label: vscode.workspace.asRelativePath(uri) }));
  items.sort((a, b) => a.label.localeCompare(b.label, undefined, { numeric: true }));
  if (items.length === 0) {
    throw new PrismError('NO_TABLE', vscode.l10n.t('There is no table (.csv) in this workspace.'));
  }
  const title = vscode.l10n.t('Explain a row of which table?');
  return (await vscode.window.showQuickPick(items, { title }))?.uri;
}

function requireFile(uri: vscode.Uri): string {
  if (uri.scheme === 'file') return uri.fsPath;
  throw new PrismError('NOT_A_FILE', vscode.l10n.t('{0} is not a file on this machine.', uri.toString(true)));
}

/** The text of a file or the row of a table that is chosen; undefined for other files, and when none is chosen. */
export async function wantedFrom(file: vscode.Uri): Promise<Wanted | undefined> {
  if (isTable(file)) return wantedRow(file);
  return isText(file) ? wantedText(file) : undefined;
}

/** The text or the row that a question is about; undefined for pictures. */
export function partsAsked({ text, textFile, row }: InputParams): Wanted | undefined {
  if (text !== undefined) return { input: { text }, file: undefined };
  if (textFile !== undefined) return { input: { textFile }, file: textFile };
  return row === undefined ? undefined : { input: { row }, file: undefined };
}
