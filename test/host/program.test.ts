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
