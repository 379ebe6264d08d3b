import { describe, expect, test } from 'vitest';
import { exportModel } from '../../../src/graph/export';
import { importModel } from '../../../src/graph/import';
import { toFloat32 } from '../../../src/inputs/elements';
import { caseNames, loadCase, relativeError } from '../../support/cases';
import { run } from '../../support/run';

describe('a model read and written again gives the same forward result', () => {
  for (const name of caseNames()) {
    const golden = loadCase(name);
    const forward = golden.expect.filter(({ what }) => what === 'forward');
    if (forward.length === 0) continue;
    test(name, async () => {
      const graph = golden.graph();
      const again = importModel(exportModel(graph), { folder: golden.folder });
      const results = await run(
        again,
        golden.inputs(),
        forward.map(({ of }) => of),
      );
      for (const { of, array } of forward) {
        const wanted = array();
        const result = results[of];
        expect(result.shape, of).toEqual(wanted.shape);
        const error = relativeError(toFloat32(result.dtype, result.data), toFloat32(wanted.dtype, wanted.data));
        expect(error, of).toBeLessThan(result.dtype === 'float16' ? 1e-3 : 1e-4);
      }
    });
  }
});
