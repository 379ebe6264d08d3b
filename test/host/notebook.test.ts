import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { ArrayState } from '../../src/protocol/array';
import { activated, closeEverything, explained, glyphs, hexagon, ready, until, workspace } from './support';
import { told, withoutTrust } from './untrusted';

/** Variables of notebooks: kernels are real Python processes, asked by the interface of the extension Jupyter. */

interface Kernel {
  readonly process: { kill(): boolean };
  become(status: string): void;
  executeCode(code: string): AsyncIterable<{ readonly items: readonly { mime: string; data: Uint8Array }[] }>;
}

interface Jupyter {
  start(uri: vscode.Uri, python: string, language?: string): Kernel;
}

const python = process.env.MODEL_PRISM_TEST_PYTHON ?? 'python3';

const SETUP = `
import numpy
from PIL import Image
grid = numpy.arange(12, dtype="float32").reshape(3, 4)
picture = Image.open(${JSON.stringify(hexagon())})
review = "The phone is wonderful and the battery lasts"
wine = dict(zip(
    "alcohol malic_acid ash alcalinity_of_ash magnesium total_phenols flavanoids nonflavanoid_phenols proanthocyanins color_intensity hue od280/od315_of_diluted_wines proline".split(),
    [13.24, 3.98, 2.29, 17.5, 103, 2.64, numpy.float64(2.63), 0.32, 1.66, 4.36, 0.82, 3, 680]))
`;

/** Names, the last error and the state of the random numbers, as the kernel has them. */
const STATE =
  'import sys; print(sorted(globals()), getattr(sys, "last_value", None), numpy.random.get_state()[1].sum())';

async function printed(kernel: Kernel, code: string): Promise<string> {
  let text = '';
  for await (const { items } of kernel.executeCode(code)) {
    for (const { data } of items) text += new TextDecoder().decode(data);
  }
  return text;
}

describe('variables of a notebook', () => {
  let jupyter: Jupyter;
  let kernel: Kernel;
  let notebook: vscode.NotebookDocument;
  let editor: vscode.TextEditor;

  /** The pictures of variables that are open. */
  const variables = async (): Promise<readonly ArrayState[]> => (await activated()).variables();

  const select = (name: string): void => {
    const start = editor.document.positionAt(editor.document.getText().indexOf(name));
    editor.selection = new vscode.Selection(start, start.translate(0, name.length));
  };

  const edit = async (): Promise<void> => {
    await vscode.window.showNotebookDocument(notebook);
    const [{ document }] = notebook.getCells();
    await vscode.commands.executeCommand('notebook.cell.edit');
    editor = await until('the cell', () => {
      const active = vscode.window.activeTextEditor;
      return active?.document === document ? active : undefined;
    });
  };

  /** Views what is selected, and waits for the end of it. */
  const viewed = async (name: string): Promise<ArrayState> => {
    await edit();
    select(name);
    await vscode.commands.executeCommand('modelPrism.viewVariable');
    return until(name, async () =>
      (await variables()).find(({ title, status }) => title === name && status !== 'working'),
    );
  };

  /** The errors that a command tells. */
  const refused = async (command: string): Promise<string> => {
    await edit();
    select('grid');
    const messages: string[] = [];
    const tell = vscode.window.showErrorMessage;
    Object.defineProperty(vscode.window, 'showErrorMessage', {
      configurable: true,
      writable: true,
      value: async (message: string) => void messages.push(message),
    });
    try {
      await vscode.commands.executeCommand(command);
    } finally {
      Object.defineProperty(vscode.window, 'showErrorMessage', { configurable: true, writable: true, value: tell });
    }
    return messages.join('\n');
  };

  before(async () => {
    await activated();
    const extension = vscode.extensions.getExtension<Jupyter>('ms-toolsai.jupyter');
    assert.ok(extension, 'the stand-in of Jupyter is installed');
    jupyter = await extension.activate();
    const text = 'grid, grid * 2, picture, review, wine, missing';
    const cell = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, 'python');
    notebook = await vscode.workspace.openNotebookDocument('jupyter-notebook', new vscode.NotebookData([cell]));
  });

  after(async () => {
    kernel?.process.kill();
    await closeEverything();
  });

  it('need a kernel that runs', async () => {
    assert.match(await refused('modelPrism.viewVariable'), /no running kernel/);
    assert.match(await refused('modelPrism.explainVariable'), /no running kernel/);
    kernel = jupyter.start(notebook.uri, python);
    assert.equal(await printed(kernel, SETUP), '');
  });

  it('are shown as pictures, and leave nothing behind', async () => {
    const before = await printed(kernel, STATE);
    const { view } = await viewed('grid');
    assert.deepEqual(view?.shape, [3, 4]);
    assert.deepEqual([view.statistics.min, view.statistics.max, view.statistics.mean], [0, 11, 5.5]);
    assert.deepEqual(
      [...new Float32Array(view.picture.data.slice().buffer)],
      Array.from({ length: 12 }, (_, i) => i),
    );
    assert.equal((await viewed('grid * 2')).view?.statistics.max, 22);
    const never = await viewed('missing');
    assert.deepEqual([never.status, never.error?.code], ['failed', 'VARIABLE_GONE']);
    assert.equal(await printed(kernel, STATE), before);
  });

  it('are explained: pictures, texts and rows', async () => {
    const before = await printed(kernel, STATE);
    await vscode.commands.executeCommand('modelPrism.useModel', vscode.Uri.file(glyphs()));
    const file = ready(await explained('modelPrism.explainWith.srd', vscode.Uri.file(hexagon())));
    await edit();
    select('picture');
    const found = ready(await explained('modelPrism.explainVariable'));
    assert.deepEqual([found.target.label, found.map], ['hexagon', file.map]);

    await edit();
    select('review');
    const { text } = ready(await explained('modelPrism.explainVariable'));
    assert.equal(text?.text, 'The phone is wonderful and the battery lasts');

    await edit();
    select('wine');
    const inFile = ready(await explained('modelPrism.explainVariable'));
    assert.equal(inFile.model.path, workspace('wine/wine.onnx'));
    assert.deepEqual([inFile.row?.features.length, inFile.row?.features[0]?.value], [13, '13.24']);
    assert.equal(inFile.target.label, 'class_0');
    assert.equal(await printed(kernel, STATE), before);
  });

  it('are not asked for without trust, of a kernel at work, of one that has ended or of another language', async () => {
    await edit();
    select('grid');
    await withoutTrust(() => vscode.commands.executeCommand('modelPrism.viewVariable'));
    assert.match(told().join(), /before you trust the workspace/);
    kernel.become('busy');
    await vscode.commands.executeCommand('modelPrism.viewVariable');
    const states = async () => (await variables()).find(({ title }) => title === 'grid');
    assert.equal((await states())?.error?.code, 'KERNEL_BUSY');
    kernel.process.kill();
    await until('its end', async () => {
      await viewed('grid');
      return (await states())?.error?.code === 'KERNEL_DEAD';
    });
    jupyter.start(notebook.uri, python, 'r').process.kill();
    assert.match(await refused('modelPrism.viewVariable'), /runs r, not Python/);
  });
});
