import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { PanelState } from '../../src/protocol';
import { activated, closeEverything, explained, hexagon, ready, shown, until } from './support';

/** Starts a comparison and takes what the quick pick proposes, or cancels it. */
async function compare(answer: 'accept' | 'escape' = 'accept'): Promise<void> {
  const work = vscode.commands.executeCommand('modelPrism.compareMethods', vscode.Uri.file(hexagon()));
  let open = true;
  void work.then(() => {
    open = false;
  });
  await until('the choice', async () => {
    // Nothing tells that a quick pick is filled: what is accepted too early is accepted again.
    await vscode.commands.executeCommand(
      answer === 'accept' ? 'workbench.action.acceptSelectedQuickOpenItem' : 'workbench.action.closeQuickOpen',
    );
    return !open || (await compared()) !== undefined;
  });
  await work;
}

const compared = async (): Promise<PanelState['comparison']> => {
  const { panels } = await activated();
  return panels().at(-1)?.comparison;
};

describe('comparing methods', () => {
  afterEach(closeEverything);

  it('explains the same class by every method that was proposed', async () => {
    await compare();
    const state = await until('the end', async () => {
      const now = await shown();
      return now.status === 'ready' && now;
    });
    const cells = state.comparison?.methods ?? [];
    assert.ok(cells.length >= 4, String(cells.length));
    assert.deepEqual(new Set(cells.map(({ status }) => status)), new Set(['ready']));
    assert.deepEqual(new Set(cells.map(({ result }) => result?.target.label)), new Set(['hexagon']));
    // A model without attention is not offered what explains attention.
    const ids = cells.map(({ method }) => method);
    assert.ok(!ids.includes('attention-relevance'), ids.join());
    assert.equal(state.explanation?.id, cells[0].result?.id);
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
});
