import * as path from 'node:path';
import * as vscode from 'vscode';

/** Writers need a moment: a model is reported at its first byte. */
const SETTLE_MS = 400;

/** The files that an explanation depends on: model, input, and the settings that may come or go. */
export function filesBehind(model: string, input: string | undefined, config: string | undefined): string[] {
  const stem = model.slice(0, model.length - path.extname(model).length);
  const sure = [model, `${stem}.prism.json`, `${model}.prism.json`];
  return [...sure, ...[input, config].filter((file) => file !== undefined)];
}

/** Calls the listener when one of the files was changed, came or went, once its writer has come to rest. */
export function watchFiles(files: readonly string[], listener: () => void): vscode.Disposable {
  const wanted = new Set(files.map((file) => path.normalize(file)));
  let timer: NodeJS.Timeout | undefined;
  const touched = ({ fsPath }: vscode.Uri): void => {
    if (!wanted.has(path.normalize(fsPath))) return;
    clearTimeout(timer);
    timer = setTimeout(listener, SETTLE_MS);
  };
  const watchers = [...new Set([...wanted].map((file) => path.dirname(file)))].map((folder) => {
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.file(folder), '*'));
    watcher.onDidChange(touched);
    watcher.onDidCreate(touched);
    watcher.onDidDelete(touched);
    return watcher;
  });
  return {
    dispose: () => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.dispose();
    },
  };
}
