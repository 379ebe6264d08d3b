import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import { commands } from '../contributions';
import type { Panels } from '../panels';
import type { NotebookPictures } from './notebooks';
import type { SourceTies } from './ties';

interface SourceRooms {
  readonly panels: Panels;
  readonly ties: SourceTies;
  readonly notebooks: NotebookPictures;
}

/** Between the panel's layers and the lines of the training code. */
export function aboutSource({ panels, ties, notebooks }: SourceRooms) {
  const { t } = vscode.l10n;
  return {
    [commands.explainCell]: async (cell: unknown): Promise<void> => notebooks.explain(cell),
    /** Opens a layer in the panel: one of those given, or what the line of the cursor made. */
    [commands.showLayer]: async (...[given]: readonly unknown[]): Promise<void> => {
      const editor = vscode.window.activeTextEditor;
      const here = editor && ties.lines(editor.document.uri.fsPath).get(editor.selection.active.line + 1);
      const ids = Array.isArray(given) ? given.filter((id) => typeof id === 'string') : undefined;
      const layers = ids ?? here?.flatMap(({ layer }) => layer ?? []) ?? [];
      const known = panels.current?.explanation?.layers ?? [];
      const offered = known.filter(({ id }) => layers.includes(id));
      if (offered.length === 0) {
        throw new PrismError(
          'LAYER_NOT_EXPLAINED',
          t('The explanation on show has no layer of this line: explain an image by a method that explains layers.'),
        );
      }
      const items = offered.map(({ id, title, op, shape }) => ({
        id,
        label: title,
        description: `${op} ${shape.join('×')}`,
      }));
      const title = t('Open which layer?');
      const chosen = items.length === 1 ? items[0] : await vscode.window.showQuickPick(items, { title });
      if (chosen) panels.current?.openLayer(chosen.id);
    },
    /** Opens the line that made the layer given, or the one open in the panel. */
    [commands.goToCode]: async (...[given]: readonly unknown[]): Promise<void> => {
      const open = typeof given === 'string' ? given : undefined;
      const layers = panels.current?.explanation?.layers ?? [];
      const picked =
        open ??
        (
          await vscode.window.showQuickPick(
            layers.map(({ id, title, op }) => ({ id, label: title, description: op })),
            { title: t('Go to the code of which layer?') },
          )
        )?.id;
      if (picked === undefined) return;
      const source = (await ties.valueOf(picked))?.source;
      if (!source) {
        throw new PrismError(
          'SOURCE_UNKNOWN',
          t(
            'The code of this layer is not known. “source.root” in the model’s prism.json names the folder of the training code.',
          ),
        );
      }
      const document = await vscode.workspace.openTextDocument(vscode.Uri.file(source.file));
      const line = document.lineAt(Math.min(source.line, document.lineCount) - 1);
      const start = new vscode.Position(line.lineNumber, line.firstNonWhitespaceCharacterIndex);
      const viewColumn = vscode.window.visibleTextEditors[0]?.viewColumn ?? vscode.ViewColumn.Beside;
      await vscode.window.showTextDocument(document, { viewColumn, selection: new vscode.Range(start, start) });
      if (source.certainty === 'enclosing') {
        const what = source.module || t('the model');
        void vscode.window.setStatusBarMessage(t('The nearest line that is certain, around {0}', what), 8000);
      }
    },
  };
}
