import { existsSync, statSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { modelBeside } from './model-beside';
import { onSettings, setting } from './settings';

/** Folders of packages and tools, where models and pictures are not the person's own. */
export const ignoredFolders =
  '**/{node_modules,.git,.hg,.venv,venv,.tox,.nox,.conda,site-packages,dist-packages,__pycache__,.ipynb_checkpoints}/**';

const MOST_MODELS = 1000;
const key = 'model';

/** Where a glob begins. */
const wild = /[*?{[]/;

/** The models of the workspace, and the one that the person works with. */
export class WorkspaceModels implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[];
  #found?: Promise<readonly string[]>;

  /** Models may have come or gone, or another one was chosen. */
  readonly onChanged = this.#changed.event;

  constructor(private readonly memory: vscode.Memento) {
    const watcher = vscode.workspace.createFileSystemWatcher('**/*.onnx', false, true, false);
    const forget = (): void => {
      this.#found = undefined;
      this.#changed.fire();
    };
    watcher.onDidCreate(forget);
    watcher.onDidDelete(forget);
    this.#disposables = [
      this.#changed,
      watcher,
      vscode.workspace.onDidChangeWorkspaceFolders(forget),
      onSettings(['models'], forget),
    ];
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  /** Full paths of the models that the setting `modelPrism.models` describes, sorted. */
  async find(): Promise<readonly string[]> {
    this.#found ??= findModels(setting('models'));
    const found = await this.#found;
    // The watcher may be late, and is blind outside the workspace.
    return found.filter(isFile);
  }

  /** The model that was chosen in this workspace, as long as it exists. */
  get chosen(): string | undefined {
    const file = this.memory.get<string>(key);
    return file !== undefined && isFile(file) ? file : undefined;
  }

  /** Chooses a model, or none: the evident one counts again. */
  async choose(file: string | undefined): Promise<void> {
    await this.memory.update(key, file);
    this.#changed.fire();
  }

  /** The model to use without asking: the chosen one, the only one, or the one that a picture lies with. */
  async evident(image: string | undefined): Promise<string | undefined> {
    if (this.chosen !== undefined) return this.chosen;
    const models = await this.find();
    if (models.length === 1) return models[0];
    return image === undefined ? undefined : this.beside(image, models);
  }

  /** The model of several that a file lies with. */
  beside(file: string, models: readonly string[]): string | undefined {
    return modelBeside(file, models, workspaceRoots());
  }
}

const workspaceRoots = (): string[] => (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

async function findModels(patterns: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(patterns.map(findByPattern));
  return [...new Set(found.flat())].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
}

async function findByPattern(pattern: string): Promise<string[]> {
  if (path.isAbsolute(pattern) && !wild.test(pattern)) return existsSync(pattern) ? [pattern] : [];
  const globs = path.isAbsolute(pattern) ? [outside(pattern)] : inside(pattern);
  const found = await Promise.all(globs.map((glob) => vscode.workspace.findFiles(glob, ignoredFolders, MOST_MODELS)));
  return found.flat().map(({ fsPath }) => fsPath);
}

const inside = (pattern: string): vscode.RelativePattern[] =>
  (vscode.workspace.workspaceFolders ?? []).map((folder) => new vscode.RelativePattern(folder, pattern));

function outside(pattern: string): vscode.RelativePattern {
  const parts = pattern.split(/[\\/]/);
  const first = parts.findIndex((part) => wild.test(part));
  const base = parts.slice(0, first).join('/') || '/';
  return new vscode.RelativePattern(vscode.Uri.file(base), parts.slice(first).join('/'));
}
