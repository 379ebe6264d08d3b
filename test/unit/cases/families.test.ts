import { describe, expect, it } from 'vitest';
import { caseNames, loadCase } from '../../support/cases';
import { prepare, referenceError, runtimeError } from '../../support/gradients';

const isGradient = (what: string): boolean => what === 'grad' || what.startsWith('grad.');

describe('golden gradients of architectures', () => {
  for (const name of caseNames('A-')) {
    const golden = loadCase(name);
    for (const expectation of golden.expect.filter(({ what }) => isGradient(what))) {
      it(`${name} ${expectation.what}`, async () => {
        const error = await runtimeError(await prepare(golden, expectation), expectation.array());
        expect(error).toBeLessThanOrEqual(golden.tolerance as number);
      });
    }
  }
});

describe('golden gradients of architectures in float64, where no rounding flips an activation', () => {
  for (const name of [
    'A-regnet_y_400mf',
    'A-resnet18',
    'A-conv3d_video',
    'A-shufflenet_v2_x0_5',
    'A-unet_convtranspose',
  ]) {
    it(name, async () => {
      const golden = loadCase(name);
      const [expectation] = golden.expect.filter(({ what }) => isGradient(what));
      const prepared = await prepare(golden, expectation);
      expect(referenceError(prepared, expectation.array())).toBeLessThanOrEqual(1e-5);
      expect(referenceError(prepared, expectation.array(), 'webgpu')).toBeLessThanOrEqual(1e-5);
    });
  }
});
