import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../graph/errors';
import { commands } from './contributions';
import { exportables } from './exportables';
import { setting } from './settings';

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

/** The lens on module classes. */
export function registerExportLenses(): vscode.Disposable {
  return vscode.languages.registerCodeLensProvider(
    { language: 'python', scheme: 'file' },
    {
      provideCodeLenses: (document) =>
        !setting('source.codeLens') || !vscode.workspace.isTrusted
          ? []
          : exportables(document.getText())
              .filter(({ kind }) => kind === 'class')
              .map(
                ({ name, line }) =>
                  new vscode.CodeLens(new vscode.Range(line, 0, line, 0), {
                    title: vscode.l10n.t('Export to ONNX…'),
                    command: commands.exportPyTorch,
                    arguments: [document.uri, name],
                  }),
              ),
    },
  );
}

interface Wish {
  readonly file: vscode.Uri;
  readonly name: string;
  readonly checkpoint: string | undefined;
  readonly shape: string;
  readonly out: string;
}

/** Asks for what the command was not given; undefined when the person gives up. */
async function ask(given: readonly unknown[]): Promise<Wish | undefined> {
  const { t } = vscode.l10n;
  const [file = vscode.window.activeTextEditor?.document.uri, wanted, ...rest] = given;
  if (!(file instanceof vscode.Uri) || !file.path.endsWith('.py')) {
    throw new PrismError('NO_PYTHON_FILE', t('Open the Python file that defines the model first.'));
  }
  const document = await vscode.workspace.openTextDocument(file);
  await document.save();
  const offered = exportables(document.getText());
  if (offered.length === 0) {
    throw new PrismError('NO_MODULE', t('{0} defines no PyTorch module.', path.basename(file.fsPath)));
  }
  const items = offered.map(({ name, kind }) => ({ label: name, description: kind }));
  const name =
    typeof wanted === 'string'
      ? wanted
      : (await vscode.window.showQuickPick(items, { title: t('Export which module?') }))?.label;
  if (name === undefined) return undefined;
  const [givenCheckpoint, givenShape] = rest;
  const checkpoint = typeof givenCheckpoint === 'string' ? givenCheckpoint : await askCheckpoint(file);
  if (checkpoint === undefined) return undefined;
  const shape =
    typeof givenShape === 'string'
      ? givenShape
      : await vscode.window.showInputBox({
          title: t('Shape of the input, with the batch'),
          value: '1,3,224,224',
          validateInput: (value) => (isShape(value) ? undefined : t('Sizes with commas between, e.g. 1,3,224,224')),
        });
  if (shape === undefined) return undefined;
  const out = path.join(path.dirname(checkpoint || file.fsPath), `${name}.onnx`);
  if (existsSync(out)) {
    const replace = t('Replace');
    const question = t('{0} is there already.', path.basename(out));
    if ((await vscode.window.showWarningMessage(question, { modal: true }, replace)) !== replace) return undefined;
  }
  return { file, name, checkpoint: checkpoint || undefined, shape: shape.replaceAll(' ', ''), out };
}

const isShape = (value: string): boolean => /^\s*[1-9]\d*(\s*,\s*[1-9]\d*)*\s*$/.test(value);

/** The path of a checkpoint; '' for none. */
async function askCheckpoint(file: vscode.Uri): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const choose = { label: t('Choose a checkpoint…'), description: '.pt .pth .safetensors', none: false };
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
      filters: { [t('Checkpoints')]: ['pt', 'pth', 'safetensors'] },
    })) ?? [];
  return picked?.fsPath;
}

/** Exports a module by the person's own interpreter, in a task whose errors are shown at their line, and uses the result. */
export async function exportPyTorch(context: vscode.ExtensionContext, given: readonly unknown[]): Promise<void> {
  const { t } = vscode.l10n;
  const wish = await ask(given);
  if (!wish) return;
  const { file, name, checkpoint, shape, out } = wish;
  const script = path.join(context.extensionPath, 'media', 'python', 'export_onnx.py');
  const args = [script, '--file', file.fsPath, '--name', name, '--shape', shape, '--out', out];
  if (checkpoint) args.push('--checkpoint', checkpoint);
  const task = new vscode.Task(
    { type: 'process' },
    vscode.workspace.getWorkspaceFolder(file) ?? vscode.TaskScope.Workspace,
    t('Export {0}', name),
    'Model Prism',
    new vscode.ProcessExecution(await interpreter(file), args, { cwd: path.dirname(file.fsPath) }),
    '$modelPrismExport',
  );
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Silent, showReuseMessage: false, clear: true };
  const code = await run(task);
  if (code !== 0) {
    await vscode.commands.executeCommand('workbench.actions.view.problems');
    throw new PrismError(
      'EXPORT_FAILED',
      t('{0} could not be exported: the Problems view and the terminal say why.', name),
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
