import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { activated, closeEverything, explained, hexagon, ready, shown, until } from './support';

describe('a link to an explanation', () => {
  afterEach(closeEverything);

  it('is copied, and leads back to it', async () => {
    const first = ready(await explained('modelPrism.explainWith.srd', vscode.Uri.file(hexagon())));
    await vscode.env.clipboard.writeText('');
    await vscode.commands.executeCommand('modelPrism.copyLink');
    const link = await until('the link', async () => (await vscode.env.clipboard.readText()) || undefined);
    assert.match(link, /^[\w-]+:\/\/model-prism\.model-prism\/open\?[\w-]+$/);
    assert.equal(link.includes('hexagon'), false);
    await closeEverything();
    const { open } = await activated();
    await open(vscode.Uri.parse(link));
    const again = ready(await shown());
    assert.equal(again.photograph?.path, hexagon());
    assert.deepEqual([again.method.id, again.target, again.options], [first.method.id, first.target, first.options]);
    assert.deepEqual(again.map, first.map);
  });

  it('that leads out of the workspace is refused', async () => {
    const hostile = { v: 1, model: 'watermark/glyphs.onnx', image: '../../etc/passwd', method: 'srd' };
    const query = Buffer.from(JSON.stringify(hostile)).toString('base64url');
    const { open, panels } = await activated();
    await assert.rejects(
      open(vscode.Uri.parse(`vscode://model-prism.model-prism/open?${query}`)),
      ({ code }: { code: string }) => code === 'OUTSIDE_WORKSPACE',
    );
    await assert.rejects(
      open(vscode.Uri.parse(`vscode://model-prism.model-prism/run?${query}`)),
      ({ code }: { code: string }) => code === 'LINK_INVALID',
    );
    assert.equal(panels().length, 0);
  });
});
