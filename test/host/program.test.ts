import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { currentStop, Debuggee } from '../../src/editor/debug/debuggee';
import { PrismError } from '../../src/graph/errors';
import type { ArrayState } from '../../src/protocol/array';
import { activated, closeEverything, explained, glyphs, hexagon, ready, until } from './support';
import { told, withoutTrust } from './untrusted';

/** Real programs, stopped by debugpy: what is hard to look at is told, and the programs go on unharmed. */

const program = path.resolve(__dirname, '..', '..', 'test', 'host', 'debuggee', 'stops.py');
const folder = mkdtempSync(path.join(tmpdir(), 'prism-stops-'));
/** How often the program's slow module was called. */
const calls = path.join(folder, 'calls');
const calledSoFar = (): number => statSync(calls, { throwIfNoEntry: false })?.size ?? 0;
const python = process.env.MODEL_PRISM_TEST_PYTHON ?? 'python3';
const stops = readFileSync(program, 'utf8')
  .split('\n')
  .flatMap((line, at) => (line.endsWith('# stop') ? [at + 1] : []));

const launch = {
  name: 'stops',
  type: 'debugpy',
  request: 'launch',
  program,
  python,
  console: 'internalConsole',
  justMyCode: true,
};

/** A program of its own that waits for a debugger, and says where. */
const listening = [
  'import debugpy, runpy, sys',
  'print(debugpy.listen(("127.0.0.1", 0))[1], flush=True)',
  'debugpy.wait_for_client()',
  'sys.argv = sys.argv[1:]',
  'runpy.run_path(sys.argv[0], run_name="__main__")',
].join('\n');

/** Waits until the program stands at a line, and the editor knows. */
const stoppedAt = (line: number | undefined) =>
  until(`the stop at ${line}`, async () => {
    if (!(vscode.debug.activeStackItem instanceof vscode.DebugStackFrame)) return undefined;
    const stop = await currentStop();
    return stop.where === `stops.py:${line}` && stop;
  });

async function start(
  configuration: vscode.DebugConfiguration = { ...launch, args: [hexagon(), calls] },
): Promise<void> {
  assert.ok(await vscode.debug.startDebugging(undefined, configuration), 'the program starts');
  await stoppedAt(stops[0]);
}

/** What the picture of a variable shows when its answer has come. */
async function viewed(expression: string): Promise<ArrayState> {
  await vscode.commands.executeCommand('modelPrism.viewVariable', expression);
  return shownOf(expression);
}

const shownOf = (expression: string): Promise<ArrayState> =>
  until(`the picture of ${expression}`, async () => {
    const state = (await activated()).variables().find(({ title }) => title === expression);
    return state && state.status !== 'working' && state;
  });

/** What the hovers of this extension say where a text first stands in the program, as Markdown. */
async function hovered(text: string, word = text): Promise<string[]> {
  const file = vscode.Uri.file(program);
  const document = await vscode.workspace.openTextDocument(file);
  const at = document.positionAt(document.getText().indexOf(text) + text.indexOf(word) + 1);
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', file, at);
  return hovers
    .flatMap(({ contents }) => contents)
    .map((content) => (content as vscode.MarkdownString).value.replaceAll('&nbsp;', ' '))
    .filter((value) => value.includes('modelPrism.viewVariable'));
}

/** What a question about the stopped frame is refused with. */
async function refused(work: Promise<unknown>): Promise<PrismError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof PrismError, `${error}`);
    return error;
  }
  throw new Error('it was not refused');
}

const asked = (debuggee: Debuggee, work: string, module: string, signal?: AbortSignal) =>
  currentStop().then((stop) =>
    debuggee.ask(stop, 'live', work, [{ expression: module }, { expression: 'row' }, { data: {} }], signal),
  );

describe('at a breakpoint', () => {
  let debuggee: Debuggee;
  /** Expressions that programs were asked for. */
  const evaluated: string[] = [];
  const tracker = vscode.debug.registerDebugAdapterTrackerFactory('*', {
    createDebugAdapterTracker: () => ({
      onWillReceiveMessage: ({ command, arguments: args }) => {
        if (command === 'evaluate') evaluated.push(args.expression);
      },
    }),
  });

  before(async () => {
    vscode.debug.addBreakpoints(
      stops.map((line) => {
        const place = new vscode.Location(vscode.Uri.file(program), new vscode.Position(line - 1, 0));
        return new vscode.SourceBreakpoint(place);
      }),
    );
    await activated();
    const extension = vscode.extensions.getExtension('model-prism.model-prism');
    debuggee = new Debuggee(extension?.extensionPath ?? '');
  });

  after(async () => {
    tracker.dispose();
    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
    await closeEverything();
    rmSync(folder, { recursive: true, force: true });
  });

  it('pictures count what is no number, and a repr that raises is not asked', async () => {
    await start();
    const { view } = await viewed('values');
    assert.deepEqual(view?.statistics, {
      ...{ min: -3, max: 1, mean: -0.5, zeros: 2 },
      ...{ nan: 1, positive: 2, negative: 1, counted: 8 },
    });
    assert.equal((await viewed('gone')).view?.statistics.max, 1);
    assert.equal((await viewed('silent')).view?.statistics.zeros, 6);
    const never = await viewed('gone_for_ever');
    assert.deepEqual([never.status, never.error?.code], ['failed', 'VARIABLE_GONE']);
  });

  it('a picture of PIL is explained as its file is', async () => {
    await vscode.commands.executeCommand('modelPrism.useModel', vscode.Uri.file(glyphs()));
    const file = ready(await explained('modelPrism.explainWith.srd', vscode.Uri.file(hexagon())));
    const found = ready(await explained('modelPrism.explainVariable', 'picture'));
    assert.equal(found.target.label, 'hexagon');
    assert.deepEqual(found.map, file.map);
  });

  it('a hover shows a small picture of the array under the pointer, with what can be done with it', async () => {
    const [text, ...more] = await hovered('values = np.array', 'values');
    assert.deepEqual(more, []);
    assert.match(text, /!\[\]\(data:image\/png;base64,/);
    assert.match(text, /float32 2 × 4 · -3\.000 … 1\.000 · 4 NaN or infinite/);
    assert.match(text, /command:modelPrism\.explainVariable\?/);
    // 64 MB of it are looked at there, and a few thousand bytes come.
    const [large] = await hovered('large, lazy', 'large');
    assert.match(large, /float32 64 × 512 × 512/);
    assert.ok(large.length < 20_000, `${large.length} characters`);
    assert.match((await hovered('silent, raising', 'silent')).join(), /float32 3 × 3 · 0\.000 … 1\.000/);
    assert.match((await hovered('picture = Image', 'picture')).join(), /RGB \d+ × \d+ × 3/);
  });

  it('a hover keeps silent about what is no array, has no values, raises, or is not there', async () => {
    for (const [text, word] of [
      ['lazy = np', 'lazy'],
      ['raising, ending', 'raising'],
      ['odd, linear', 'odd'],
      ['calls = []', 'calls'],
      ['look(file)', 'look'],
      ['def __repr__', 'def'],
    ])
      assert.deepEqual(await hovered(text, word), [], word);
  });

  it('nothing is evaluated while the workspace is not trusted', async () => {
    evaluated.length = 0;
    await withoutTrust(async () => {
      assert.deepEqual(await hovered('values = np.array', 'values'), []);
      for (const command of ['viewVariable', 'explainVariable', 'lossGradient']) {
        void vscode.commands.executeCommand(`modelPrism.${command}`, 'row');
      }
      await until('two refusals', () => told().length >= 2);
      const state = await shownOf('row');
      assert.deepEqual([state.status, state.error?.code], ['failed', 'WORKSPACE_NOT_TRUSTED']);
      assert.match(told().join(), /Nothing is evaluated.*WORKSPACE_NOT_TRUSTED/);
    });
    assert.deepEqual(evaluated, []);
    assert.equal((await viewed('row')).view?.shape.join(), '1,3');
    assert.ok(evaluated.length > 0);
  });

  it('a module that cannot be exported is told with its own error and line', async () => {
    const error = await refused(asked(debuggee, 'export', 'odd'));
    assert.equal(error.code, 'MODULE_EXPORT_FAILED');
    const lines = readFileSync(program, 'utf8').split('\n');
    const line = 1 + lines.findIndex((text) => text.includes('not today'));
    assert.match(error.message, new RegExp(`ValueError: not today.*stops\\.py:${line}\\)`));
  });

  it('work that is given up ends, and the next question is answered', async () => {
    const controller = new AbortController();
    const work = asked(debuggee, 'export', 'slow', controller.signal);
    await until('the module to be called', () => calledSoFar() > 0);
    controller.abort();
    assert.equal((await refused(work)).code, 'CANCELLED');
    const next = await asked(debuggee, 'export', 'linear');
    assert.ok(next.payload.length > 100);
    // Left alone it would have been called 400 times.
    assert.ok(calledSoFar() < 200, `${calledSoFar()} calls`);
  });

  it('at the next stop pictures show what is there, and tell what is gone', async () => {
    // On its way the program holds its random numbers against those before.
    await vscode.debug.activeDebugSession?.customRequest('continue', { threadId: 1 });
    await stoppedAt(stops[1]);
    await until('the values of this stop', async () => (await shownOf('values')).view?.statistics.min === -6);
    const gone = await until('the end of a variable', async () => {
      const state = await shownOf('gone');
      return state.where.endsWith(`:${stops[1]}`) && state;
    });
    assert.deepEqual([gone.status, gone.error?.code], ['stale', 'VARIABLE_GONE']);
    assert.deepEqual(await hovered('gone = np.ones', 'gone'), []);
    assert.match((await hovered('values = np.array', 'values')).join(), /float32 1 × 4 · -6\.000 … 2\.000/);
  });

  it('a program that ends in the middle is told', async () => {
    const state = await viewed('ending');
    assert.deepEqual([state.status, state.error?.code], ['failed', 'SESSION_ENDED']);
    await until('the end of the session', () => vscode.debug.activeDebugSession === undefined);
    assert.equal((await refused(currentStop())).code, 'NOT_PAUSED');
    // An open picture is looked at in the next program too.
    await closeEverything();
  });

  it('a program that was started elsewhere is attached to', async () => {
    const child = spawn(python, ['-c', listening, program, hexagon(), calls], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [port, said] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      port += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const gone = new Promise<number | null>((resolve) => child.on('exit', resolve));
    try {
      await until('the program to listen', () => port.endsWith('\n'));
      const connect = { host: '127.0.0.1', port: Number(port) };
      await start({ name: 'attach', type: 'debugpy', request: 'attach', connect, justMyCode: true });
      assert.equal((await viewed('values')).view?.statistics.nan, 1);
      const { payload } = await asked(debuggee, 'export', 'linear');
      assert.ok(payload.length > 100);
      await vscode.debug.activeDebugSession?.customRequest('continue', { threadId: 1 });
      await stoppedAt(stops[1]);
      await vscode.debug.activeDebugSession?.customRequest('continue', { threadId: 1 });
      assert.equal(await gone, 0, said);
    } finally {
      child.kill();
    }
  });
});
