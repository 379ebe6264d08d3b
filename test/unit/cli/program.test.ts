import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleProgram } from '../../support/engine/bundle';
import { BLUE, RED, Workspace } from '../../support/engine/workspace';

/** The bundled program as a shell runs it. */
let program: string;
let workspace: Workspace;
beforeAll(async () => {
  program = await bundleProgram('src/cli/main.ts');
  workspace = new Workspace();
});
afterAll(() => workspace.remove());

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const shell = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { ...process.env, MODEL_PRISM_CACHE: workspace.path('cache') };
    execFile(process.execPath, [program, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });

describe('the program', () => {
  it('prints nothing but the object with --json', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const { code, stdout, stderr } = await shell(
      'explain',
      workspace.colours(),
      '--image',
      image,
      '--method',
      'srd',
      '--json',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout).target.label).toBe('red');
  });

  it('exits with 1 for failures and 2 for wrong usage', async () => {
    const failed = await shell('predict', workspace.path('no.onnx'), '--image', 'p.png');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^error\[FILE_NOT_FOUND\]: /);
    const wrong = await shell('predict');
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
  });

  it('goes on with an evaluation that was killed', async () => {
    const images = resolve('test/cases/models/planted/pictures');
    const results = workspace.path('out/results.jsonl');
    const args = ['evaluate', resolve('test/cases/models/planted/vgg.onnx'), '--images', images, '--limit', '6'];
    const how = ['--method', 'integrated-gradients', '--metric', 'gini,deletion', '--out', workspace.path('out')];
    const env = { ...process.env, MODEL_PRISM_CACHE: workspace.path('cache') };
    const child = spawn(process.execPath, [program, ...args, ...how], { env, stdio: 'ignore' });
    const written = () => (existsSync(results) ? readFileSync(results, 'utf8') : '');
    const ended = once(child, 'exit');
    while (written().split('\n').length < 3 && child.exitCode === null) await nextTurn();
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    const kept = written().slice(0, written().lastIndexOf('\n') + 1);
    const before = kept.trimEnd().split('\n').length;
    expect(before).toBeLessThan(6);
    const { code, stdout } = await shell(...args, ...how, '--json');
    expect(code).toBe(0);
    // What was there is as it was, times included, and the rest stands behind it.
    expect(written().startsWith(kept)).toBe(true);
    expect(written().trimEnd().split('\n')).toHaveLength(6);
    expect(JSON.parse(stdout).images.judged).toBe(6);
  });
});
