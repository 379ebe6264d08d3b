import { execFile } from 'node:child_process';
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
});
