import { describe, expect, it } from 'vitest';
import { toFloat32 } from '../../../src/inputs/elements';
import { caseNames, loadCase, relativeError } from '../../support/cases';
import type { NdArray } from '../../support/evaluator/array';
import { evaluate } from '../../support/evaluator/evaluator';
import { toReference } from '../../support/gradients';

/** Models of operators that the reference leaves out: 8-bit kernels, tree ensembles, sequences, custom. */
const LEFT_OUT = [
  'A-shufflenet_v2_x0_5',
  'F-custom_op',
  'F-qoperator_int8',
  'F-sklearn_gbr_pipeline',
  'F-sklearn_rf_classifier',
];

/** The goldens come from float32 arithmetic, through up to a hundred layers; F-fp16's from half precision. */
const tolerance = (name: string): number => (name === 'F-fp16' ? 1e-2 : 1e-4);

describe('the reference evaluator reproduces golden forward passes', () => {
  for (const name of caseNames('A-', 'F-').filter((each) => !LEFT_OUT.includes(each))) {
    it(name, () => {
      const golden = loadCase(name);
      const feeds = Object.entries(golden.inputs()).map(([input, array]) => [input, toReference(array)]);
      const values = evaluate(golden.graph(), Object.fromEntries(feeds));
      for (const { what, of, array } of golden.expect) {
        if (what !== 'forward') continue;
        const { dtype, data } = array();
        const expected = toFloat32(dtype, data);
        expect(relativeError((values.get(of) as NdArray).data, expected)).toBeLessThanOrEqual(tolerance(name));
      }
    });
  }
});
