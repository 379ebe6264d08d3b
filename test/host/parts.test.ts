import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { activated, closeEverything, explained, ready, shown, until, workspace } from './support';

const signed = (): string => workspace('reviews/praise-signed.txt');

describe('explaining what is no picture', () => {
  afterEach(closeEverything);

  it('explains a text by the model beside it and shows what misled it', async () => {
    const explanation = ready(await explained('modelPrism.explainText', vscode.Uri.file(signed())));
    assert.equal(explanation.model.path, workspace('reviews/reviews.onnx'));
    assert.equal(explanation.target.label, 'complaint');
    assert.equal(explanation.photograph, undefined);
    assert.equal(explanation.text?.text, readFileSync(signed(), 'utf8'));
    const tokens = [...explanation.text.tokens].sort((a, b) => b.relevance - a.relevance);
    assert.equal(tokens[0]?.text, 'phone');
    assert.deepEqual((await shown()).question?.textFile, signed());
  });

  it('shows the attention of the model that explained a text, and goes on to another', async () => {
    const first = ready(await explained('modelPrism.explainText', vscode.Uri.file(signed())));
    await vscode.commands.executeCommand('modelPrism.showAttention');
    const prism = await activated();
    const isShown = (id: string) => prism.attention()?.shown === id && prism.attention()?.status === 'ready';
    await until('the attention', () => isShown(first.id));
    const document = vscode.Uri.file(workspace('reviews/praise.txt'));
    const second = ready(await explained('modelPrism.explainText', document));
    await until('that of the other text', () => isShown(second.id));
    await until('nothing new', () => prism.attention()?.stale === undefined);
  });

  it('explains the selection of an editor', async () => {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(signed()));
    const editor = await vscode.window.showTextDocument(document);
    const end = document.getText().indexOf(' Sent');
    editor.selection = new vscode.Selection(document.positionAt(0), document.positionAt(end));
    const explanation = ready(await explained('modelPrism.explainText'));
    assert.equal(explanation.target.label, 'praise');
    assert.equal(explanation.text?.text, document.getText().slice(0, end));
  });

  it('explains what is selected in a cell of a notebook', async () => {
    const written = 'text = "The phone is wonderful and the battery lasts"';
    const cell = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, written, 'python');
    const notebook = await vscode.workspace.openNotebookDocument('jupyter-notebook', new vscode.NotebookData([cell]));
    await vscode.window.showNotebookDocument(notebook);
    const [{ document }] = notebook.getCells();
    await vscode.commands.executeCommand('notebook.cell.edit');
    const editor = await until('the cell', async () => {
      const active = vscode.window.activeTextEditor;
      return active?.document === document ? active : undefined;
    });
    const words = 'The phone is wonderful';
    const start = document.positionAt(written.indexOf(words));
    editor.selection = new vscode.Selection(start, start.translate(0, words.length));
    const explanation = ready(await explained('modelPrism.explainText'));
    assert.equal(explanation.text?.text, words);
  });

  it('explains the row of a table that is chosen', async () => {
    const work = explained('modelPrism.explainRow', vscode.Uri.file(workspace('wine/wines.csv')));
    // The list of rows is open when it can be accepted; before that the command does nothing.
    const accepting = setInterval(
      () => void vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem'),
      200,
    );
    try {
      await until('the row', async () => (await shown().catch(() => undefined))?.question?.row);
      const explanation = ready(await work);
      assert.match(explanation.row?.name ?? '', /^row 1 of .*wines\.csv$/);
      assert.equal(explanation.row?.features.length, 13);
      assert.deepEqual(explanation.row.features[0]?.name, 'alcohol');
      assert.equal(explanation.row.features[0].value, '13.24');
      assert.equal(explanation.target.label, 'class_0');
    } finally {
      clearInterval(accepting);
    }
  });
});
