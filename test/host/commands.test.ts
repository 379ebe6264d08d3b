import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';

interface Contributions {
  readonly contributes?: { readonly commands?: readonly { readonly command: string }[] };
}

describe('commands', () => {
  it('are all registered when the extension is active', async () => {
    const extension = vscode.extensions.getExtension('model-prism.model-prism');
    assert.ok(extension, 'the extension is installed');
    await extension.activate();
    const { contributes } = extension.packageJSON as Contributions;
    const declared = (contributes?.commands ?? []).map(({ command }) => command);
    assert.ok(declared.length > 0, 'the manifest contributes commands');
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      declared.filter((command) => !registered.has(command)),
      [],
    );
  });
});
