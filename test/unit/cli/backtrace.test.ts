import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readNpy, writeNpy } from '../../../src/inputs/npy';
import { loadCase, relativeError } from '../../support/cases';
import { prism } from '../../support/engine/prism';
import { Workspace } from '../../support/engine/workspace';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

/** What a person gets of a golden case: the file that is written, and the report. */
describe.each([
  ['dlb-embedding-text', 'ids'],
  ['dlb-mlp-tabular', 'input'],
])('%s', (name, input) => {
  const golden = loadCase(name);
  const { dtype, shape, data } = golden.inputs()[input];
  const expectations = golden.expect.filter(
    ({ what, of }) => what.startsWith('dlb.') && of === input && !what.endsWith('.v1'),
  );

  it.each(expectations.map((expected) => [`${expected.what} ${JSON.stringify(expected.params)}`, expected] as const))(
    'writes %s, one number for each token or column',
    async (_name, { what, params, target, array }) => {
      const model = workspace.write('model.onnx', golden.bytes());
      const given = workspace.write('given.npy', writeNpy({ dtype, shape, data } as Parameters<typeof writeNpy>[0]));
      const out = workspace.path('map.npy');
      const options = [
        `mode=${params.mode}`,
        ...(params.saturation === undefined ? [] : [`saturation=${params.saturation}`]),
        ...(params.mode === 'contrast' ? [`stream=${what.endsWith('.neg') ? 'negative' : 'positive'}`] : []),
      ].flatMap((option) => ['--option', option]);
      const args = [
        'explain',
        model,
        '--input',
        `${input}=${given}`,
        '--method',
        'backtrace',
        '--target',
        String(target),
      ];
      const run = await prism(workspace, [...args, ...options, '--out', out, '--json']);
      const { conservation, attribution } = JSON.parse(run.out);
      const expected = array();
      const found = readNpy(readFileSync(out), out);
      expect([found.dtype, found.shape]).toEqual(['float32', expected.shape]);
      expect(relativeError(found.data, expected.data)).toBeLessThan(1e-5);
      expect(attribution.of).toBe(input);
      expect(Math.abs(conservation.residual)).toBeLessThan(1e-4 * Math.abs(conservation.expected));
    },
  );
});
