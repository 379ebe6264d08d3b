import { describe } from 'vitest';
import { checkGradient } from '../../support/derivatives';
import { property } from '../../support/property';
import * as shape from '../../support/trials/shape';

describe('gradients of what moves elements', () => {
  property('Reshape', shape.reshape, checkGradient);
  property('Flatten', shape.flatten, checkGradient);
  property('Squeeze', shape.squeeze, checkGradient);
  property('Unsqueeze', shape.unsqueeze, checkGradient);
  property('Transpose', shape.transpose, checkGradient);
  property('Concat', shape.concat, checkGradient, 20);
  property('Split', shape.split, checkGradient, 20);
  property('Slice', shape.slice, checkGradient, 40);
  for (const mode of ['constant', 'edge', 'reflect', 'wrap'] as const) {
    property(`Pad ${mode}`, shape.pad(mode), checkGradient, 20);
  }
  property('Expand', shape.expand, checkGradient);
  property('Tile', shape.tile, checkGradient);
  property('DepthToSpace', shape.blocks('DepthToSpace'), checkGradient);
  property('SpaceToDepth', shape.blocks('SpaceToDepth'), checkGradient);
  property('Trilu', shape.trilu, checkGradient);
});
