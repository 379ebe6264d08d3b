import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../graph/errors';
import { type CommandId, commands } from './contributions';
import { exportables, type Library, toldBy } from './exportables';
import { setting } from './settings';
import { LineIndex } from './source/line-index';
import { requireTrust } from './trust';

/** The part of the Python extension's API that tells the interpreter. */
interface PythonExtension {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(path: {
      readonly path: string;
    }): Promise<{ readonly executable: { readonly uri?: vscode.Uri } } | undefined>;
  };
}

/** The interpreter of the setting, else the one chosen in the Python extension, else the one on the path. */
async function interpreter(resource: vscode.Uri): Promise<string> {
  const given = setting('python');
  if (given) return given;
  const extension = vscode.extensions.getExtension<PythonExtension>('ms-python.python');
  const environments = (await extension?.activate())?.environments;
  const environment = await environments?.resolveEnvironment(environments.getActiveEnvironmentPath(resource));
  return environment?.executable.uri?.fsPath ?? (process.platform === 'win32' ? 'python' : 'python3');
}

/** How models of a library are exported. */
interface Exporter {
  readonly library: Library;
  readonly command: CommandId;
  /** The program, in media/python. */
  readonly script: string;
  /** Files of weights. */
  readonly weights: readonly string[];
  /** The shape that is offered first; a model of Keras may know its own. */
  readonly shape: string;
  readonly shapeIsNeeded: boolean;
  /** Files that hold a whole model. */
  readonly saved: RegExp;
}

const EXPORTERS: Readonly<Record<Library, Exporter>> = {
  torch: {
    library: 'torch',
    command: commands.exportPyTorch,
    script: 'export_onnx.py',
    weights: ['pt', 'pth', 'safetensors'],
    shape: '1,3,224,224',
    shapeIsNeeded: true,
    saved: /(?!)/,
  },
  keras: {
    library: 'keras',
    command: commands.exportKeras,
    script: 'export_keras.py',
    weights: ['h5', 'keras'],
    shape: '',
    shapeIsNeeded: false,
    saved: /\.(keras|h5|hdf5)$|[\\/]saved_model\.pb$/,
  },
};

/** The lens on model classes. */
export function registerExportLenses(): vscode.Disposable {
  const index = new LineIndex(toldBy);
  const edits = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) =>
    index.edited(document, contentChanges),
  );
  const provideCodeLenses = (document: vscode.TextDocument): vscode.CodeLens[] => {
    if (!setting('source.codeLens') || !vscode.workspace.isTrusted) return [];
    const told = index.of(document);
    return Object.values(EXPORTERS).flatMap(({ library, command }) =>
      exportables(told, library)
        .filter(({ kind }) => kind === 'class')
        .map(
          ({ name, line }) =>
            new vscode.CodeLens(new vscode.Range(line, 0, line, 0), {
              title: vscode.l10n.t('Export to ONNX…'),
              command,
              arguments: [document.uri, name],
            }),
        ),
    );
  };
  const python = { language: 'python', scheme: 'file' };
  return vscode.Disposable.from(edits, vscode.languages.registerCodeLensProvider(python, { provideCodeLenses }));
}

interface Wish {
  /** What the program reads: a Python file, a saved model. */
  readonly file: string;
  /** Empty for a saved model. */
  readonly name: string;
  readonly checkpoint: string;
  readonly shape: string;
  readonly out: string;
}

/** Asks for what the command was not given; undefined when the person gives up. */
async function ask(exporter: Exporter, given: readonly unknown[]): Promise<Wish | undefined> {
  const [file = vscode.window.activeTextEditor?.document.uri] = given;
  const wish =
    file instanceof vscode.Uri && exporter.saved.test(file.fsPath)
      ? savedModel(file.fsPath)
      : await askWritten(exporter, file, given.slice(1));
  return wish && (await mayReplace(wish.out)) ? wish : undefined;
}

/** A model that was saved whole knows everything itself. */
function savedModel(path_: string): Wish {
  const file = path.basename(path_) === 'saved_model.pb' ? path.dirname(path_) : path_;
  return { file, name: '', checkpoint: '', shape: '', out: `${file.replace(/\.(keras|h5|hdf5)$/, '')}.onnx` };
}

async function mayReplace(out: string): Promise<boolean> {
  const { t } = vscode.l10n;
  if (!existsSync(out)) return true;
  const replace = t('Replace');
  const question = t('{0} is there already.', path.basename(out));
  return (await vscode.window.showWarningMessage(question, { modal: true }, replace)) === replace;
}

/** What the exporting program ends with when a checkpoint may run code as it is loaded (media/python/exporting.py). */
const UNTRUSTED = 3;

/** Asks each time: nothing of the answer is kept. */
async function mayRunCode(checkpoint: string): Promise<boolean> {
  const { t } = vscode.l10n;
  const load = t('Load It This Once');
  const question = t('{0} holds more than weights.', path.basename(checkpoint));
  const detail = t(
    'Loading it may run code that the file brings along. Load it only if you trust whoever made it; otherwise save the weights alone, as model.state_dict().',
  );
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, load)) === load;
}

/** A model that a Python file makes. */
async function askWritten(
  exporter: Exporter,
  file: unknown,
  [wanted, givenCheckpoint, givenShape]: readonly unknown[],
): Promise<Wish | undefined> {
  const { t } = vscode.l10n;
  if (!(file instanceof vscode.Uri) || !file.path.endsWith('.py')) {
    throw new PrismError('NO_PYTHON_FILE', t('Open the Python file that defines the model first.'));
  }
  const document = await vscode.workspace.openTextDocument(file);
  await document.save();
  const offered = exportables(document.getText().split('\n').map(toldBy), exporter.library);
  if (offered.length === 0) {
    const what = exporter.library === 'torch' ? t('PyTorch module') : t('Keras model');
    throw new PrismError('NO_MODULE', t('{0} defines no {1}.', path.basename(file.fsPath), what));
  }
  const items = offered.map(({ name, kind }) => ({ label: name, description: kind }));
  const name =
    typeof wanted === 'string'
      ? wanted
      : (await vscode.window.showQuickPick(items, { title: t('Export which module?') }))?.label;
  if (name === undefined) return undefined;
  const checkpoint =
    typeof givenCheckpoint === 'string' ? givenCheckpoint : await askCheckpoint(file, exporter.weights);
  if (checkpoint === undefined) return undefined;
  const shape = typeof givenShape === 'string' ? givenShape : await askShape(exporter);
  if (shape === undefined) return undefined;
  const out = path.join(path.dirname(checkpoint || file.fsPath), `${name}.onnx`);
  return { file: file.fsPath, name, checkpoint, shape: shape.replaceAll(' ', ''), out };
}

async function askShape({ shape, shapeIsNeeded }: Exporter): Promise<string | undefined> {
  const { t } = vscode.l10n;
  return vscode.window.showInputBox({
    title: t('Shape of the input, with the batch'),
    value: shape,
    ...(!shapeIsNeeded && { prompt: t('Empty where the model knows it') }),
    validateInput: (value) =>
      isShape(value) || (!shapeIsNeeded && value.trim() === '')
        ? undefined
        : t('Sizes with commas between, e.g. 1,3,224,224'),
  });
}

const isShape = (value: string): boolean => /^\s*[1-9]\d*(\s*,\s*[1-9]\d*)*\s*$/.test(value);

/** The path of a checkpoint; '' for none. */
async function askCheckpoint(file: vscode.Uri, extensions: readonly string[]): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const description = extensions.map((extension) => `.${extension}`).join(' ');
  const choose = { label: t('Choose a checkpoint…'), description, none: false };
  const without = {
    label: t('Without a checkpoint'),
    description: t('weights as the constructor draws them'),
    none: true,
  };
  const chosen = await vscode.window.showQuickPick([choose, without], { title: t('Weights of the model') });
  if (!chosen || chosen.none) return chosen && '';
  const [picked] =
    (await vscode.window.showOpenDialog({
      defaultUri: vscode.Uri.file(path.dirname(file.fsPath)),
      filters: { [t('Checkpoints')]: [...extensions] },
    })) ?? [];
  return picked?.fsPath;
}

/** Exports a model by the person's own interpreter, in a task whose errors are shown at their line, and uses the result. */
export async function exportModel(
  context: vscode.ExtensionContext,
  library: Library,
  given: readonly unknown[],
): Promise<void> {
  const { t } = vscode.l10n;
  requireTrust(t('An export runs code of the workspace: trust it first (“Workspaces: Manage Workspace Trust”).'));
  const exporter = EXPORTERS[library];
  const wish = await ask(exporter, given);
  if (!wish) return;
  const { file, name, checkpoint, shape, out } = wish;
  const uri = vscode.Uri.file(file);
  const script = path.join(context.extensionPath, 'media', 'python', exporter.script);
  const optional = { '--name': name, '--shape': shape, '--checkpoint': checkpoint };
  const args = [
    ...[script, '--file', file, '--out', out],
    ...Object.entries(optional).flatMap(([option, value]) => (value ? [option, value] : [])),
  ];
  const title = name || path.basename(file);
  const python = await interpreter(uri);
  const attempt = (more: readonly string[]): Promise<number | undefined> => {
    const task = new vscode.Task(
      { type: 'process' },
      vscode.workspace.getWorkspaceFolder(uri) ?? vscode.TaskScope.Workspace,
      t('Export {0}', title),
      'Model Prism',
      new vscode.ProcessExecution(python, [...args, ...more], { cwd: path.dirname(file) }),
      '$modelPrismExport',
    );
    task.presentationOptions = { reveal: vscode.TaskRevealKind.Silent, showReuseMessage: false, clear: true };
    return run(task);
  };
  let code = await attempt([]);
  if (code === UNTRUSTED) {
    if (!(await mayRunCode(checkpoint))) return;
    code = await attempt(['--trust-checkpoint']);
  }
  if (code !== 0) {
    await vscode.commands.executeCommand('workbench.actions.view.problems');
    throw new PrismError(
      'EXPORT_FAILED',
      t('{0} could not be exported: the Problems view and the terminal say why.', title),
    );
  }
  await vscode.commands.executeCommand(commands.useModel, vscode.Uri.file(out));
  await vscode.commands.executeCommand(commands.showLayers, vscode.Uri.file(out));
}

async function run(task: vscode.Task): Promise<number | undefined> {
  const execution = await vscode.tasks.executeTask(task);
  return new Promise((resolve) => {
    const ended = vscode.tasks.onDidEndTaskProcess((event) => {
      if (event.execution !== execution) return;
      ended.dispose();
      resolve(event.exitCode);
    });
    // A program that cannot be started has no process to end.
    const gone = vscode.tasks.onDidEndTask((event) => {
      if (event.execution !== execution) return;
      gone.dispose();
      setTimeout(() => resolve(undefined), 500);
    });
  });
}
