import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import {
  activated,
  chelsea,
  closeEverything,
  explained,
  glyphs,
  hexagon,
  ready,
  shown,
  until,
  workspace,
} from './support';

const explain = 'modelPrism.explainWith.srd';
const uri = (file: string): vscode.Uri => vscode.Uri.file(file);

/** The process that the engine runs in. */
async function engineProcess(): Promise<number> {
  const { engine } = await activated();
  return (await engine.start()).pid;
}

describe('the engine', () => {
  afterEach(closeEverything);

  it('may be killed at rest: the next request works', async () => {
    ready(await explained(explain, uri(hexagon())));
    const { engine } = await activated();
    const before = await engineProcess();
    process.kill(before, 'SIGKILL');
    await until('the end of the engine', () => engine.status.state === 'ended');
    const explanation = ready(await explained(explain, uri(hexagon())));
    assert.equal(explanation.target.label, 'hexagon');
    assert.notEqual(await engineProcess(), before);
  });

  it('may be killed while it works: that is told, the last explanation stays, and trying again works', async () => {
    ready(await explained(explain, uri(hexagon())));
    const pid = await engineProcess();
    const work = vscode.commands.executeCommand(explain, uri(chelsea()));
    await until('work', async () => (await shown()).status === 'working');
    process.kill(pid, 'SIGKILL');
    await work;
    const failed = await shown();
    assert.equal(failed.status, 'failed');
    assert.equal(failed.error?.code, 'ENGINE_CRASHED');
    assert.equal(failed.explanation?.target.label, 'hexagon');
    assert.equal(ready(await explained(explain, uri(chelsea()))).target.label, 'tiger cat');
  });

  it('stops when asked to, and leaves what there was', async () => {
    ready(await explained(explain, uri(hexagon())));
    const work = vscode.commands.executeCommand(explain, uri(chelsea()));
    await until('work', async () => (await shown()).status === 'working');
    await vscode.commands.executeCommand('modelPrism.cancel');
    await work;
    const state = await shown();
    assert.equal(state.status, 'ready');
    assert.equal(state.explanation?.target.label, 'hexagon');
    assert.equal(ready(await explained(explain, uri(chelsea()))).target.label, 'tiger cat');
  });

  it('starts anew on request', async () => {
    const before = await engineProcess();
    await vscode.commands.executeCommand('modelPrism.restartEngine');
    assert.notEqual(await engineProcess(), before);
    assert.equal(ready(await explained(explain, uri(hexagon()))).target.label, 'hexagon');
  });

  it('follows a change of the provider, and falls back where there is none', async () => {
    const settings = vscode.workspace.getConfiguration('modelPrism');
    const { engine } = await activated();
    ready(await explained(explain, uri(hexagon())));
    /** Changes the setting and waits for the engine that obeys it. */
    const set = async (provider: string | undefined) => {
      const before = await engineProcess();
      await settings.update('provider', provider, vscode.ConfigurationTarget.Workspace);
      return until('another engine', () => {
        const { status } = engine;
        return status.state === 'ready' && status.info.pid !== before ? status.info : undefined;
      });
    };
    try {
      const info = await set('coreml');
      if (process.platform !== 'darwin') {
        assert.equal(info.provider, 'cpu');
        assert.match(info.reason ?? '', /coreml/);
      }
    } finally {
      await set(undefined);
    }
  });
});

describe('bad input', () => {
  afterEach(closeEverything);

  const failing = async (image: string, code: string): Promise<void> => {
    ready(await explained(explain, uri(hexagon())));
    const state = await explained(explain, uri(image));
    assert.equal(state.status, 'failed');
    assert.equal(state.error?.code, code);
    assert.ok(state.error && state.error.message.length > 20, 'the message says what to do');
    assert.equal(state.explanation?.target.label, 'hexagon', 'the last explanation stays');
  };

  it('a picture that does not decode', async () => {
    const broken = workspace('watermark/pictures/broken.png');
    writeFileSync(broken, readFileSync(hexagon()).subarray(0, 60));
    try {
      await failing(broken, 'IMAGE_DECODE');
    } finally {
      rmSync(broken);
    }
  });

  it('a picture that is not there', () => failing(workspace('watermark/pictures/none.png'), 'IMAGE_NOT_FOUND'));

  it('a model that is cut off, and mended while the panel looks on', async () => {
    const copy = workspace('watermark/kept');
    copyFileSync(glyphs(), copy);
    try {
      ready(await explained(explain, uri(hexagon())));
      writeFileSync(glyphs(), readFileSync(copy).subarray(0, 100_000));
      await until('the failure', async () => (await shown()).status === 'failed');
      assert.match((await shown()).error?.code ?? '', /^MODEL_(TRUNCATED|NOT_ONNX)$/);
      copyFileSync(copy, glyphs());
      await until('the recovery', async () => (await shown()).status === 'ready');
    } finally {
      copyFileSync(copy, glyphs());
      rmSync(copy);
    }
  });

  it('settings that do not fit the model are told at their line', async () => {
    const file = workspace('watermark/glyphs.prism.json');
    const before = readFileSync(file, 'utf8');
    const lines = before.split('\n');
    const line = lines.findIndex((text) => text.includes('"name": "image"'));
    assert.ok(line > 0);
    try {
      writeFileSync(file, before.replace('"name": "image"', '"name": "picture"'));
      const state = await explained(explain, uri(hexagon()));
      assert.equal(state.error?.code, 'CONFIG_MISMATCH');
      const found = await until('the diagnostic', () =>
        vscode.languages.getDiagnostics(uri(file)).find(({ code }) => code === 'CONFIG_MISMATCH'),
      );
      assert.equal(found.range.start.line, line);
    } finally {
      writeFileSync(file, before);
    }
    await until('the recovery', async () => (await shown()).status === 'ready');
  });
});
