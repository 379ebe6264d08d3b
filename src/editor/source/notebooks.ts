import { createHash } from 'node:crypto';
import { mkdir, readdir, stat, unlink, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import { commands } from '../contributions';

const KINDS: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/jpeg': 'jpg' };
const NOTEBOOKS = ['jupyter-notebook', 'interactive'];
/** Pictures of outputs that are kept as files. */
const KEPT = 50;

interface OutputPicture {
  readonly data: Uint8Array;
  readonly extension: string;
}

function picturesOf({ outputs }: vscode.NotebookCell): OutputPicture[] {
  return outputs.flatMap(({ items }) => {
    // One output may come in several formats; they show the same.
    const found = items.find(({ mime }) => mime in KINDS);
    return found ? [{ data: found.data, extension: KINDS[found.mime] }] : [];
  });
}

/** Offers to explain the pictures that cells of notebooks have put out, below the cell. */
export class NotebookPictures implements vscode.Disposable, vscode.NotebookCellStatusBarItemProvider {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[];

  readonly onDidChangeCellStatusBarItems = this.#changed.event;

  /** @param folder where pictures are kept as files, so that they can be opened again */
  constructor(private readonly folder: string) {
    this.#disposables = [
      this.#changed,
      vscode.workspace.onDidChangeNotebookDocument(({ cellChanges }) => {
        if (cellChanges.some(({ outputs }) => outputs)) this.#changed.fire();
      }),
      ...NOTEBOOKS.map((type) => vscode.notebooks.registerNotebookCellStatusBarItemProvider(type, this)),
    ];
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  provideCellStatusBarItems(cell: vscode.NotebookCell): vscode.NotebookCellStatusBarItem[] {
    if (!vscode.workspace.isTrusted || picturesOf(cell).length === 0) return [];
    const text = `$(eye) ${vscode.l10n.t('Explain')}`;
    const item = new vscode.NotebookCellStatusBarItem(text, vscode.NotebookCellStatusBarAlignment.Right);
    item.tooltip = vscode.l10n.t('Explain the picture below with Model Prism');
    item.command = { title: text, command: commands.explainCell, arguments: [cell] };
    return [item];
  }

  /** Explains a picture of a cell: the only one, or one of the person's choice. */
  async explain(given: unknown): Promise<void> {
    const { t } = vscode.l10n;
    const cell = isCell(given) ? given : activeCell();
    const pictures = cell ? picturesOf(cell) : [];
    if (pictures.length === 0) throw new PrismError('NO_PICTURE', t('This cell has put out no picture.'));
    const items = pictures.map(({ data }, index) => ({
      label: t('Picture {0} of {1}', index + 1, pictures.length),
      description: `${Math.ceil(data.length / 1024)} KB`,
      index,
    }));
    const chosen =
      items.length === 1 ? items[0] : await vscode.window.showQuickPick(items, { title: t('Explain which picture?') });
    if (chosen) await vscode.commands.executeCommand(commands.explain, await this.#file(pictures[chosen.index]));
  }

  /** The picture as a file, named by what is in it: the same picture is the same file. */
  async #file({ data, extension }: OutputPicture): Promise<vscode.Uri> {
    await mkdir(this.folder, { recursive: true });
    const name = createHash('sha256').update(data).digest('hex').slice(0, 12);
    const file = path.join(this.folder, `output-${name}.${extension}`);
    await writeFile(file, data);
    const all = (await readdir(this.folder)).map((other) => path.join(this.folder, other));
    if (all.length > KEPT) {
      const aged = await Promise.all(all.map(async (one) => ({ one, at: (await stat(one)).mtimeMs })));
      for (const { one } of aged.sort((a, b) => a.at - b.at).slice(0, -KEPT)) await unlink(one);
    }
    return vscode.Uri.file(file);
  }
}

const isCell = (given: unknown): given is vscode.NotebookCell =>
  typeof given === 'object' && given !== null && 'outputs' in given && 'notebook' in given;

function activeCell(): vscode.NotebookCell | undefined {
  const editor = vscode.window.activeNotebookEditor;
  return editor?.notebook.cellAt(editor.selection.start);
}
