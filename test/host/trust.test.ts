import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { activated, closeEverything, explained, glyphs, hexagon, ready, until, workspace } from './support';
import { told, withoutTrust } from './untrusted';

/**
 * VS Code trusts every window that tests run in: here the extension is told otherwise. Menus, palette and keys do not
 * offer its commands then (test/unit/editor/manifest.test.ts); other extensions may call them all the same.
 */
describe('a workspace that is not trusted', () => {
  const uri = (file: string): vscode.Uri => vscode.Uri.file(file);
  const program = (): string => workspace('untrusted-python.sh');
  const trace = (): string => workspace('untrusted-ran');

  before(async () => {
    await vscode.commands.executeCommand('modelPrism.useModel', uri(glyphs()));
    writeFileSync(program(), `#!/bin/sh\ntouch ${JSON.stringify(trace())}\n`, { mode: 0o755 });
    writeFileSync(workspace('untrusted.py'), 'import torch\n\nclass Net(torch.nn.Module):\n    pass\n');
    writeFileSync(workspace('untrusted.h5'), '');
    await vscode.workspace.getConfiguration('modelPrism').update('python', program());
  });
  after(async () => {
    await vscode.workspace.getConfiguration('modelPrism').update('python', undefined);
    for (const file of [program(), trace(), workspace('untrusted.py'), workspace('untrusted.h5')])
      rmSync(file, { force: true });
    await closeEverything();
  });

  afterEach(closeEverything);

  /** Commands that open a model, run Python, or start an engine, with what a menu hands them. */
  const refusing: readonly (readonly [string, () => readonly unknown[]])[] = [
    ['modelPrism.explain', () => [uri(hexagon())]],
    ['modelPrism.explainInNewPanel', () => [uri(hexagon())]],
    ['modelPrism.explainWith.gradient', () => [uri(hexagon())]],
    ['modelPrism.compareMethods', () => [uri(hexagon()), { methods: ['gradient', 'srd'] }]],
    [
      'modelPrism.compareModels',
      () => [uri(glyphs()), [uri(glyphs()), uri(workspace('imagenet/efficientnet-lite0.onnx'))]],
    ],
    ['modelPrism.judgeMap', () => []],
    ['modelPrism.showLayers', () => [uri(glyphs())]],
    ['modelPrism.writeConfig', () => [uri(glyphs())]],
    [
      'modelPrism.evaluateFolder',
      () => [uri(workspace('watermark/pictures')), { methods: ['gradient'], metrics: ['gini'] }],
    ],
    ['modelPrism.evaluateFile', () => [uri(workspace('wine/wines.csv')), { methods: ['gradient'], metrics: ['gini'] }]],
    ['modelPrism.exportPyTorch', () => [uri(workspace('untrusted.py')), 'Net', '', '1,3,8,8']],
    ['modelPrism.exportKeras', () => [uri(workspace('untrusted.h5'))]],
  ];

  /** The states of all panels, without their arrays. */
  const everythingShown = async (): Promise<string> => {
    const { panels, comparisons, evaluations } = await activated();
    const plain = (_key: string, value: unknown): unknown => (ArrayBuffer.isView(value) ? undefined : value);
    return JSON.stringify([panels(), comparisons(), evaluations()], plain);
  };

  for (const [command, args] of refusing) {
    it(`is not touched by ${command}`, async () => {
      ready(await explained('modelPrism.explainWith.srd', uri(hexagon())));
      assert.doesNotMatch(await everythingShown(), /WORKSPACE_NOT_TRUSTED/);
      const { engine } = await activated();
      const asked: string[] = [];
      const api = engine.api;
      Object.defineProperty(engine, 'api', {
        configurable: true,
        value: new Proxy(api, {
          get: (target, name) => {
            asked.push(String(name));
            return Reflect.get(target, name);
          },
        }),
      });
      let tasks = 0;
      const started = vscode.tasks.onDidStartTask(() => tasks++);
      try {
        await withoutTrust(async () => {
          void vscode.commands.executeCommand(command, ...args());
          await until('the refusal', async () => /WORKSPACE_NOT_TRUSTED/.test(`${told()}${await everythingShown()}`));
        });
        assert.deepEqual(asked, []);
        assert.equal(tasks, 0);
        assert.ok(!existsSync(trace()));
      } finally {
        started.dispose();
        Object.defineProperty(engine, 'api', { configurable: true, value: api });
      }
    });
  }

  it('offers no lens that would run something', async () => {
    const file = path.join(workspace(), 'untrusted.py');
    await vscode.workspace.openTextDocument(file);
    const lenses = await withoutTrust(() =>
      vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri(file)),
    );
    assert.deepEqual(lenses, []);
  });
});
