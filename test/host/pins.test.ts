import assert from 'node:assert/strict';
import { after, afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { closeEverything, explained, hexagon, ready, shown, until } from './support';

describe('pinned pictures', () => {
  afterEach(closeEverything);
  after(() => vscode.commands.executeCommand('modelPrism.unpinImages'));

  it('are those of the checkpoints, and shown by every panel', async () => {
    ready(await explained('modelPrism.explain', vscode.Uri.file(hexagon())));
    assert.deepEqual((await shown()).pins, []);
    await vscode.commands.executeCommand('modelPrism.pinImage', vscode.Uri.file(hexagon()));
    const [pin] = await until('the pin', async () => (await shown()).pins?.length === 1 && (await shown()).pins);
    assert.deepEqual([pin?.path, pin?.name], [hexagon(), '0000_hexagon.plain.png']);
    assert.match(pin?.source ?? '', /0000_hexagon\.plain\.png$/);
    await vscode.commands.executeCommand('modelPrism.unpinImages');
    assert.deepEqual((await shown()).pins, []);
  });
});
