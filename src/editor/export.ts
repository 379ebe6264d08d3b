import { writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../graph/errors';
import type { Explanation } from '../protocol';
import type { HostApi } from '../protocol/panel';
import type { Sheet } from '../protocol/study';
import { sourceOf } from './questions';

type Format = Parameters<HostApi['exportAs']>[0]['format'];

const names: Readonly<Record<Format, string>> = {
  png: 'PNG',
  npy: 'NumPy',
  csv: 'CSV',
  json: 'JSON',
  html: 'HTML',
  onnx: 'ONNX',
};

/** `chelsea.srd.tiger-cat.png` */
function fileName(explanation: Explanation, format: Format): string {
  const { method, target, row } = explanation;
  const { name } = path.parse(sourceOf(explanation) ?? row?.name ?? 'text');
  const label = target.label.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '');
  return [name, method.id, label, format].filter(Boolean).join('.');
}

/**
 * Asks where to, and writes the explanation there.
 *
 * @param png the picture as the panel paints it, for format `png`
 * @param save writes any format to a path, its extension saying which
 * @throws PrismError FILE_UNWRITABLE, and what `save` throws
 */
export async function exportExplanation(
  explanation: Explanation,
  format: Format,
  png: Uint8Array | undefined,
  save: (path: string) => Promise<void>,
): Promise<void> {
  const folder = path.dirname(sourceOf(explanation) ?? explanation.model.path);
  const uri = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export the explanation'),
    defaultUri: vscode.Uri.file(path.join(folder, fileName(explanation, format))),
    filters: { [names[format]]: [format] },
  });
  if (!uri) return;
  if (format === 'png' && png) await write(uri.fsPath, png);
  else await save(uri.fsPath);
  void told(uri);
}

/**
 * Asks where to, and writes a comparison there as one picture.
 *
 * @param save writes the sheet to a path
 */
export async function exportComparison(
  { photograph, cells }: Sheet,
  save: (path: string) => Promise<void>,
): Promise<void> {
  const image = photograph?.path ?? cells.find(({ text }) => text?.path)?.text?.path ?? 'comparison';
  const uri = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export the comparison'),
    defaultUri: vscode.Uri.file(path.join(path.dirname(image), `${path.parse(image).name}.comparison.png`)),
    filters: { PNG: ['png'] },
  });
  if (!uri) return;
  await save(uri.fsPath);
  void told(uri);
}

/**
 * Asks where to, and writes there.
 *
 * @param file proposed
 * @param filters as of the dialog: extensions by the name of the format
 */
export async function exportTo(
  file: string,
  filters: Record<string, string[]>,
  save: (path: string) => Promise<void>,
): Promise<void> {
  const uri = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export the explanation'),
    defaultUri: vscode.Uri.file(file),
    filters,
  });
  if (!uri) return;
  await save(uri.fsPath);
  void told(uri);
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PrismError('FILE_UNWRITABLE', `${file} cannot be written: ${why}`, { file }, { cause });
  }
}

async function told(uri: vscode.Uri): Promise<void> {
  const open = vscode.l10n.t('Open');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('{0} was written.', path.basename(uri.fsPath)),
    open,
  );
  if (answer !== open) return;
  // The editor would show what the page is made of.
  if (uri.path.endsWith('.html')) await vscode.env.openExternal(uri);
  else await vscode.commands.executeCommand('vscode.open', uri);
}
