import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { closeEverything, glyphs, until, workspace } from './support';

/** Stands beside the code in place of torch: its exporter hands out a model that is there already. */
const torch = (model: string): string => `
import pickle
import shutil
__version__ = "2.6.0"
class no_grad:
    def __enter__(self): return self
    def __exit__(self, *error): return False
def zeros(shape): return shape
def load(path, map_location, weights_only=True):
    if weights_only: raise pickle.UnpicklingError("Unsupported global: GLOBAL argparse.Namespace was not allowed")
    return {"state_dict": {"w": 1}}
class nn:
    class Module:
        def eval(self): return self
        def state_dict(self): return {"w": 0}
        def load_state_dict(self, given): pass
        def __call__(self, x): return self.forward(x)
class onnx:
    @staticmethod
    def export(model, args, path, **options): shutil.copy(${JSON.stringify(model)}, path)
`;

const net = `import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x):
        return x

class Broken(nn.Module):
    def forward(self, x):
        raise ValueError("no such size")
`;

// After the suites that expect no model to be chosen: what is exported is used from then on.
describe('Export PyTorch Model', () => {
  const folder = (): string => workspace('export');
  const file = (): vscode.Uri => vscode.Uri.file(path.join(folder(), 'net.py'));
  const run = (name: string): Thenable<unknown> =>
    vscode.commands.executeCommand('modelPrism.exportPyTorch', file(), name, '', '1,3,8,8');

  before(() => {
    mkdirSync(path.join(folder(), 'torch'), { recursive: true });
    writeFileSync(path.join(folder(), 'torch', '__init__.py'), torch(glyphs()));
    writeFileSync(file().fsPath, net);
  });
  after(async () => {
    await closeEverything();
    rmSync(folder(), { recursive: true });
  });

  it('writes the model beside its code and opens it', async () => {
    await run('Net');
    assert.ok(existsSync(path.join(folder(), 'Net.onnx')));
    await until('the page of layers', () => vscode.window.activeTextEditor?.document.uri.path.includes('Net.onnx'));
  });

  it('tells an error at its line among the problems', async () => {
    void run('Broken');
    const found = await until('a problem', () => vscode.languages.getDiagnostics(file()).at(0));
    assert.equal(found.range.start.line, 9);
    assert.match(found.message, /ValueError: no such size/);
    assert.ok(!existsSync(path.join(folder(), 'Broken.onnx')));
  });

  it('asks before a checkpoint may run code, each time, and keeps no answer', async () => {
    const out = path.join(folder(), 'Net.onnx');
    rmSync(out, { force: true });
    writeFileSync(path.join(folder(), 'more.pt'), '');
    const asked: string[] = [];
    const ask = vscode.window.showWarningMessage;
    const answering = (answer: (choices: readonly string[]) => string | undefined) =>
      Object.defineProperty(vscode.window, 'showWarningMessage', {
        configurable: true,
        writable: true,
        value: async (question: string, { modal }: vscode.MessageOptions, ...choices: string[]) => {
          asked.push(`${question} ${modal}`);
          return answer(choices);
        },
      });
    const exporting = (): Thenable<unknown> =>
      vscode.commands.executeCommand(
        'modelPrism.exportPyTorch',
        file(),
        'Net',
        path.join(folder(), 'more.pt'),
        '1,3,8,8',
      );
    try {
      answering(() => undefined);
      const refused = exporting();
      const found = await until('the problem', () =>
        vscode.languages.getDiagnostics(file()).find(({ message }) => message.includes('argparse.Namespace')),
      );
      assert.match(found.message, /holds more than weights .* if you trust whoever made it/i);
      await until('the question', () => asked.length === 1);
      await refused;
      assert.ok(!existsSync(out));
      answering(([load]) => load);
      await exporting();
      assert.ok(existsSync(out));
      assert.deepEqual(asked, Array(2).fill('more.pt holds more than weights. true'));
    } finally {
      Object.defineProperty(vscode.window, 'showWarningMessage', { configurable: true, writable: true, value: ask });
    }
  });

  it('has a lens on each module class', async () => {
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', file());
    const lines = lenses
      .filter(({ command }) => command?.command === 'modelPrism.exportPyTorch')
      .map(({ range }) => range.start.line);
    assert.deepEqual(lines, [3, 7]);
  });
});
