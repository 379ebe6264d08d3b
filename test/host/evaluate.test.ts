import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { ReportState } from '../../src/protocol/report';
import { activated, closeEverything, hexagon, workspace } from './support';

const folder = (): string => workspace('watermark/three');

/** Two pictures and one that is broken. */
function makeFolder(): void {
  mkdirSync(folder(), { recursive: true });
  for (const name of ['0000_hexagon.plain.png', '0003_ring.plain.png']) {
    copyFileSync(path.join(path.dirname(hexagon()), name), path.join(folder(), name));
  }
  writeFileSync(path.join(folder(), 'broken.png'), readFileSync(hexagon()).subarray(0, 60));
}

const latest = async (): Promise<ReportState | undefined> => (await activated()).evaluations().at(-1);

async function evaluate(): Promise<ReportState> {
  const named = { methods: ['gradient', 'grad-cam'], metrics: ['deletion', 'gini'] };
  await vscode.commands.executeCommand('modelPrism.evaluateFolder', vscode.Uri.file(folder()), named);
  return (await latest()) ?? assert.fail();
}

describe('evaluating methods on a folder', () => {
  afterEach(async () => {
    await closeEverything();
    rmSync(folder(), { recursive: true, force: true });
  });

  it('judges what can be judged, names what is broken, and keeps what was found', async () => {
    makeFolder();
    const first = await evaluate();
    assert.equal(first.status, 'ready', first.error?.message);
    assert.match(first.page ?? '', /2 of 3 pictures judged/);
    assert.match(first.page ?? '', /broken\.png.*IMAGE_DECODE/s);
    const { out, methods } = first.question;
    const results = path.join(out, 'results.jsonl');
    const lines = readFileSync(results, 'utf8');
    assert.equal(lines.trimEnd().split('\n').length, 2 * methods.length);
    for (const file of ['evaluation.json', 'evaluation.csv']) assert.ok(existsSync(path.join(out, file)));
    // What is there is not done again.
    const second = await evaluate();
    assert.equal(second.status, 'ready');
    assert.equal(readFileSync(results, 'utf8'), lines);
  });

  it('is refused for a folder without pictures', async () => {
    const { engine } = await activated();
    const empty = workspace('watermark/none');
    mkdirSync(empty);
    try {
      await assert.rejects(engine.api.folder({ images: empty }), { code: 'NO_IMAGES' });
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});

describe('evaluating methods on texts and rows', () => {
  afterEach(closeEverything);

  const evaluateOn = async (command: string, file: string, metrics: readonly string[]): Promise<ReportState> => {
    const named = { methods: ['gradient-x-input', 'occlusion'], metrics };
    await vscode.commands.executeCommand(command, vscode.Uri.file(workspace(file)), named);
    return (await latest()) ?? assert.fail();
  };

  it('takes the texts of a folder by the model that lies with them', async () => {
    const { status, page, question } = await evaluateOn('modelPrism.evaluateFolder', 'reviews', ['token-deletion']);
    assert.equal(status, 'ready');
    assert.equal(question.texts, workspace('reviews'));
    assert.match(page ?? '', /3 of 3 texts judged/);
  });

  it('takes the rows of a table', async () => {
    const { status, page, question } = await evaluateOn('modelPrism.evaluateFile', 'wine/wines.csv', ['gini']);
    assert.equal(status, 'ready');
    assert.equal(question.rows, workspace('wine/wines.csv'));
    assert.match(page ?? '', /20 of 20 rows judged/);
  });
});
