import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { closeEverything, explained, glyphs, hexagon, ready, until, workspace } from './support';

describe('training code', () => {
  const code = (): string => workspace('watermark/train.py');
  /** The line that a person would name, counted from 0. */
  const lineOf = (text: string): number =>
    readFileSync(code(), 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text));
  const lenses = async (): Promise<vscode.CodeLens[]> =>
    vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', vscode.Uri.file(code()));

  before(async () => {
    await closeEverything();
    await vscode.commands.executeCommand('modelPrism.useModel', vscode.Uri.file(glyphs()));
    ready(await explained('modelPrism.explainWith.srd', vscode.Uri.file(hexagon())));
    await vscode.window.showTextDocument(vscode.Uri.file(code()), { viewColumn: vscode.ViewColumn.One });
  });
  after(closeEverything);

  it('has a lens on each line that made layers', async () => {
    const titleAt = async (text: string): Promise<string> =>
      (await lenses()).find(({ range }) => range.start.line === lineOf(text))?.command?.title ?? '';
    const relu = await until('the shares', async () => {
      const title = await titleAt('self.relu = ');
      return title.includes('%') && title;
    });
    const [places, silent] = relu.split(/ · (?=\d+ of )/);
    assert.match(places, /^5 places in the model · 1×16×64×64 … 1×96×8×8 · \S+% … \S+% of the relevance$/);
    if (silent !== undefined) assert.match(silent, /^\d+ of \d+ channels silent$/);
    assert.equal(await titleAt('self.gap = '), '1×96×1×1');
    assert.match(await titleAt('self.classifier = '), /^1×8 · 776 parameters/);
    assert.match(await titleAt('self.conv = '), /^5 places in the model · 1×16×64×64 … 1×96×8×8 · [\d.,]+ parameters/);
  });

  it('goes from a layer to its line', async () => {
    const layer = '/gap/GlobalAveragePool_output_0';
    await vscode.commands.executeCommand('modelPrism.goToCode', layer);
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.uri.fsPath, code());
    assert.equal(editor?.selection.active.line, lineOf('self.gap = '));
  });

  it('tells in a hover what a line made', async () => {
    const at = new vscode.Position(lineOf('self.relu = '), 10);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      vscode.Uri.file(code()),
      at,
    );
    const texts = hovers.flatMap(({ contents }) => contents).map((content) => (content as vscode.MarkdownString).value);
    assert.ok(
      texts.some((text) => text.includes('Model Prism') && text.includes('data:image/png;base64,')),
      `${texts}`,
    );
  });

  it('moves lenses with the text before it is saved', async () => {
    const before = lineOf('self.gap = ');
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(code()));
    const edit = new vscode.WorkspaceEdit();
    edit.insert(document.uri, new vscode.Position(0, 0), '# a line more\n');
    await vscode.workspace.applyEdit(edit);
    assert.ok((await lenses()).some(({ range }) => range.start.line === before + 1));
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });

  it('explains a picture that a cell of a notebook has put out', async () => {
    const outputs = [
      { output_type: 'stream', name: 'stdout', text: ['printed\n'] },
      {
        output_type: 'display_data',
        data: { 'image/png': readFileSync(hexagon()).toString('base64'), 'text/plain': ['<Figure>'] },
        metadata: {},
      },
    ];
    const cell = { cell_type: 'code', execution_count: 1, metadata: {}, source: ['show(image)'], outputs };
    const file = workspace('pictures.ipynb');
    const contents = { cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 };
    await vscode.workspace.fs.writeFile(vscode.Uri.file(file), Buffer.from(JSON.stringify(contents)));
    const notebook = await vscode.workspace.openNotebookDocument(vscode.Uri.file(file));
    const { photograph } = ready(await explained('modelPrism.explainCell', notebook.cellAt(0)));
    assert.deepEqual(readFileSync(photograph?.path ?? ''), readFileSync(hexagon()));
    assert.notEqual(photograph?.path, hexagon());
    await vscode.workspace.fs.delete(vscode.Uri.file(file));
  });

  it('previews a picture whose path is written somewhere, with a link and a lens that explain it', async () => {
    const file = workspace('pictures.csv');
    await vscode.workspace.fs.writeFile(
      vscode.Uri.file(file),
      Buffer.from('name,path\nhexagon,watermark/pictures/0000_hexagon.plain.png\n'),
    );
    await vscode.workspace.openTextDocument(file);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      vscode.Uri.file(file),
      new vscode.Position(1, 20),
    );
    const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      vscode.Uri.file(file),
    );
    assert.deepEqual(
      found.map(({ command, range }) => [range.start.line, command?.command, `${command?.arguments?.[0]}`]),
      [[1, 'modelPrism.explain', `${vscode.Uri.file(hexagon())}`]],
    );
    await vscode.workspace.getConfiguration('modelPrism').update('source.imageLens', false);
    const without = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      vscode.Uri.file(file),
    );
    await vscode.workspace.getConfiguration('modelPrism').update('source.imageLens', undefined);
    assert.deepEqual(without, []);
    const text = hovers
      .flatMap(({ contents }) => contents)
      .map((content) => (content as vscode.MarkdownString).value)
      .join();
    assert.match(text, /<img src="file:.*0000_hexagon\.plain\.png"/);
    assert.match(text, /command:modelPrism\.explain\?/);
    await vscode.workspace.fs.delete(vscode.Uri.file(file));
  });
});
