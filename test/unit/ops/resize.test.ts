import { describe } from 'vitest';
import { checkGradient } from '../../support/derivatives';
import { property } from '../../support/property';
import { cropAndResize, gridSample, keepAspect, resize } from '../../support/trials/resize';

describe('gradients of resampling', () => {
  for (const mode of ['nearest', 'linear', 'cubic'] as const) {
    property(`Resize ${mode}`, resize(mode), checkGradient, 30);
  }
  property('Resize linear with antialias', resize('linear', true), checkGradient, 20);
  property('Resize cubic with antialias', resize('cubic', true), checkGradient, 20);
  property('Resize of a crop', cropAndResize, checkGradient, 10);
  property('Resize that keeps the aspect ratio', keepAspect, checkGradient, 10);
  property('GridSample', gridSample, checkGradient, 8);
});
