import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import { after, afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { PanelState } from '../../src/protocol/panel';
import { closeEverything, explained, hexagon, ready, shown, until } from './support';

const go = async (command: string, arrived: (state: PanelState) => boolean): Promise<PanelState> => {
  await vscode.commands.executeCommand(command);
  return until(`the end of ${command}`, async () => {
    const state = await shown();
    return state.status === 'ready' && arrived(state) && state;
  });
};

const by =
  (method: string) =>
  ({ explanation }: PanelState): boolean =>
    explanation?.method.id === method;

describe('going back and forward', () => {
  afterEach(closeEverything);

  // What is used last is what the next explanation begins with.
  after(async () => {
    await explained('modelPrism.explainWith.srd', vscode.Uri.file(hexagon()));
    await closeEverything();
  });

  it('shows what was shown, without explaining it again; forward as well', async () => {
    const image = vscode.Uri.file(hexagon());
    const first = ready(await explained('modelPrism.explainWith.gradient', image));
    const second = ready(await explained('modelPrism.explainWith.grad-cam', image));
    await until('the webview', async () => ((await shown()).history?.entries.length ?? 0) === 2);
    const back = await go('modelPrism.goBack', by('gradient'));
    assert.equal(back.explanation?.id, first.id);
    assert.equal(back.question?.method, 'gradient');
    assert.equal(back.history?.index, 0);
    const forward = await go('modelPrism.goForward', by('grad-cam'));
    assert.equal(forward.explanation?.id, second.id);
    // It still answers.
    assert.ok(forward.explanation);
  });

  it('explains again what may have changed since', async () => {
    const image = vscode.Uri.file(hexagon());
    const first = ready(await explained('modelPrism.explainWith.gradient', image));
    const other = hexagon().replace('0000_hexagon.plain', '0003_ring.plain');
    ready(await explained('modelPrism.explainWith.gradient', vscode.Uri.file(other)));
    utimesSync(hexagon(), new Date(), new Date(Date.now() + 10_000));
    const back = await go('modelPrism.goBack', ({ explanation }) => explanation?.photograph?.path === hexagon());
    assert.notEqual(back.explanation?.id, first.id);
    assert.deepEqual(back.explanation?.map, first.map);
  });

  it('goes back to a comparison, and out of it', async () => {
    const image = vscode.Uri.file(hexagon());
    ready(await explained('modelPrism.explainWith.gradient', image));
    const methods = ['gradient', 'grad-cam'];
    await vscode.commands.executeCommand('modelPrism.compareMethods', image, { methods });
    const compared = await shown();
    assert.deepEqual(compared.history?.entries.at(-1)?.question.compare, methods);
    await go('modelPrism.goBack', ({ history }) => history?.index === 0);
    const again = await go('modelPrism.goForward', ({ history }) => history?.index === 1);
    assert.equal(again.comparison?.id, compared.comparison?.id);
  });
});
