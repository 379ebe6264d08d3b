import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { PanelState } from '../../src/protocol/panel';
import { activated, closeEverything, explained, hexagon, ready, shown, until, workspace } from './support';

const methods = ['srd', 'gradient', 'grad-cam', 'attention-rollout'];

const compare = async (): Promise<void> => {
  await vscode.commands.executeCommand('modelPrism.compareMethods', vscode.Uri.file(hexagon()), { methods });
};

const compared = async (): Promise<PanelState['comparison']> => {
  const { panels } = await activated();
  return panels().at(-1)?.comparison;
};

describe('comparing methods', () => {
  afterEach(closeEverything);

  it('explains the same class by every method; the one that does not fit says so', async () => {
    await compare();
    const state = await shown();
    assert.equal(state.status, 'ready');
    const cells = state.comparison?.methods ?? [];
    assert.deepEqual(
      cells.map(({ method, status }) => [method, status]).sort(),
      methods.map((method) => [method, method === 'attention-rollout' ? 'failed' : 'ready']).sort(),
    );
    assert.equal(cells.find(({ error }) => error)?.error?.code, 'METHOD_DOES_NOT_FIT');
    const labels = cells.flatMap(({ result }) => result?.target.label ?? []);
    assert.deepEqual(labels, ['hexagon', 'hexagon', 'hexagon']);
    assert.equal(state.explanation?.id, cells.find(({ result }) => result)?.result?.id);
    // By itself, a method gives the same numbers.
    const { engine } = await activated();
    const { model, image } = state.question ?? assert.fail();
    const gradient = cells.find(({ method }) => method === 'gradient')?.result ?? assert.fail();
    const alone = await engine.api.explain({ model, image, method: 'gradient' });
    assert.equal(gradient.target.score, alone.target.score);
  });

  it('stays beside explanations of the same image, and goes with another', async () => {
    await compare();
    ready(await explained('modelPrism.explainWith.gradient', vscode.Uri.file(hexagon())));
    assert.ok(await compared());
    const other = hexagon().replace('0000_hexagon.plain', '0003_ring.plain');
    ready(await explained('modelPrism.explain', vscode.Uri.file(other)));
    assert.equal(await compared(), undefined);
    assert.equal((await shown()).question?.compare, undefined);
  });

  it('knows which methods do not fit', async () => {
    ready(await explained('modelPrism.explain', vscode.Uri.file(hexagon())));
    const unfit = await until('what does not fit', async () => (await shown()).unfit);
    assert.ok(
      unfit.some(({ method, error }) => method === 'attention-rollout' && error.code === 'METHOD_DOES_NOT_FIT'),
    );
  });

  it('explains a text by every method, a value a token', async () => {
    const file = vscode.Uri.file(workspace('reviews/praise-signed.txt'));
    await vscode.commands.executeCommand('modelPrism.compareMethods', file, { methods: ['lrp', 'occlusion', 'srd'] });
    const state = await until('the comparison', async () => {
      const now = await shown();
      return now.status !== 'working' && now;
    });
    assert.deepEqual(
      state.comparison?.methods.map(({ method, status }) => [method, status]),
      [
        ['lrp', 'ready'],
        ['occlusion', 'ready'],
        ['srd', 'failed'],
      ],
    );
    assert.equal(state.question?.textFile, file.fsPath);
    assert.equal(ready(state).text?.tokens.length, 25);
    // From the panel that shows it, the same text is compared again, without being asked for.
    await vscode.commands.executeCommand('modelPrism.compareMethods', { methods: ['lrp', 'gradient'] });
    const again = await until('the other comparison', async () => {
      const now = await shown();
      return now.status === 'ready' && now.comparison?.methods.length === 2 && now;
    });
    assert.equal(again.question?.textFile, file.fsPath);
  });
});
