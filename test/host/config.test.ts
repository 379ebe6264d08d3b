import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { closeEverything, explained, hexagon, ready, shown, until, workspace } from './support';

const uri = vscode.Uri.file;

const ours = (file: string): vscode.Diagnostic[] =>
  vscode.languages.getDiagnostics(uri(file)).filter(({ source }) => source === 'Model Prism');

const some = (file: string): Promise<vscode.Diagnostic[]> =>
  until(`diagnostics of ${file}`, () => (ours(file).length > 0 ? ours(file) : undefined));

const none = (file: string): Promise<true> => until(`no diagnostics of ${file}`, () => ours(file).length === 0);

describe('settings of a model', () => {
  const file = (): string => workspace('made.prism.json');

  afterEach(async () => {
    await closeEverything();
    rmSync(file(), { force: true });
  });

  it('are checked without being open, at line and column', async () => {
    writeFileSync(file(), '{\n  "task": "image-classification",\n  "input": {\n    "size": "large"\n  }\n}\n');
    const [wrong, ...more] = await some(file());
    assert.equal(more.length, 0);
    assert.equal(wrong.code, 'CONFIG_INVALID');
    assert.equal(wrong.severity, vscode.DiagnosticSeverity.Error);
    assert.deepEqual([wrong.range.start.line, wrong.range.start.character], [3, 12]);
    assert.deepEqual([wrong.range.end.line, wrong.range.end.character], [3, 19]);
    writeFileSync(file(), '{\n  "task": "image-classification"\n}\n');
    await none(file());
    writeFileSync(file(), '{\n  "task": \n}\n');
    assert.equal((await some(file()))[0].range.start.line, 2);
    rmSync(file());
    await none(file());
  });

  it('are checked while they are typed, and mended by a quick fix', async () => {
    writeFileSync(file(), '{\n  "input": { "reszie": "strech" }\n}\n');
    const document = await vscode.workspace.openTextDocument(uri(file()));
    await vscode.window.showTextDocument(document);
    assert.equal(document.languageId, 'jsonc');
    await some(file());
    const mend = async (): Promise<void> => {
      const fix = await until('a quick fix', async () => {
        const [wrong] = await some(file());
        const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
          'vscode.executeCodeActionProvider',
          document.uri,
          wrong.range,
          vscode.CodeActionKind.QuickFix.value,
        );
        return actions.find(({ title, edit }) => title.startsWith('Change to') && edit)?.edit;
      });
      const { version } = document;
      await vscode.workspace.applyEdit(fix);
      await until('the edit', () => document.version > version);
    };
    await mend();
    await until('the next complaint', () => ours(file()).some(({ message }) => message.includes('strech')));
    await mend();
    await none(file());
    assert.equal(document.getText(), '{\n  "input": { "resize": "stretch" }\n}\n');
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });

  it('count at once for what is explained', async () => {
    const config = workspace('watermark/glyphs.prism.json');
    const before = readFileSync(config, 'utf8');
    const first = ready(await explained('modelPrism.explainWith.srd', uri(hexagon())));
    try {
      writeFileSync(config, before.replace('"1/127.5"', '"1/255"'));
      const next = await until('another explanation', async () => {
        const { status, explanation } = await shown();
        return status === 'ready' && explanation?.id !== first.id && explanation;
      });
      assert.notEqual(next.top[0].score, first.top[0].score);
    } finally {
      writeFileSync(config, before);
    }
    await until('the first numbers', async () => (await shown()).explanation?.top[0].score === first.top[0].score);
  });

  it('are written where there are none, and opened', async () => {
    const config = workspace('watermark/control/glyphs-control.prism.json');
    const before = readFileSync(config, 'utf8');
    rmSync(config);
    try {
      const model = uri(workspace('watermark/control/glyphs-control.onnx'));
      await vscode.commands.executeCommand('modelPrism.writeConfig', model);
      assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, config);
      const written = JSON.parse(readFileSync(config, 'utf8')) as { input: { size: number[] }; labels: unknown };
      assert.deepEqual(written.input.size, [64, 64]);
      await none(config);
      // A second time it is opened as it is.
      await closeEverything();
      writeFileSync(config, `${readFileSync(config, 'utf8')}\n`);
      const edited = readFileSync(config, 'utf8');
      await vscode.commands.executeCommand('modelPrism.writeConfig', model);
      assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, config);
      assert.equal(readFileSync(config, 'utf8'), edited);
    } finally {
      writeFileSync(config, before);
    }
  });
});

describe('the layers of a model', () => {
  afterEach(closeEverything);

  it('are shown as a page in the model’s order', async () => {
    await vscode.commands.executeCommand('modelPrism.showLayers', uri(workspace('imagenet/efficientnet-lite0.onnx')));
    const text = vscode.window.activeTextEditor?.document.getText() ?? '';
    assert.match(text, /4,\d{3},\d{3} parameters, opset 17/);
    assert.match(text, /image +float32 +(batch|\?)×3×224×224/);
    const rows = text.split('\n').slice(text.split('\n').findIndex((line) => line.includes('Operator')) + 1);
    const order = ['_blocks.2/Add', '_blocks.9/Add', '_blocks.10/_swish'].map((part) =>
      rows.findIndex((row) => row.includes(part)),
    );
    assert.ok(order[0] > 0 && order[0] < order[1] && order[1] < order[2], String(order));
    assert.match(rows[order[0]], /56×56/);
  });
});
