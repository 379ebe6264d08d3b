import { float, int, ints } from '../../../src/graph/attributes';
import type { Attributes } from '../../../src/graph/ir';
import { single, type Trial } from '../derivatives';
import type { Draw } from '../property';

const epsilon = (draw: Draw): Attributes => (draw.flag() ? { epsilon: float(draw.pick([1e-3, 0.125])) } : {});

/** Inference form: the statistics are inputs. */
export function batchNormalization(draw: Draw): Trial {
  const shape = draw.shape(2, 5, 3);
  const c = [shape[1]];
  const values = draw.values();
  return single(
    'BatchNormalization',
    [values.array(shape), values.array(c, 0.5, 2), values.array(c), values.array(c), values.array(c, 0.3, 2)],
    epsilon(draw),
  );
}

/** Layer normalisation from any axis, bias or not, the statistics as outputs or not. */
export function layerNormalization(draw: Draw): Trial {
  const shape = draw.shape(1, 4);
  const axis = draw.integer(-shape.length, shape.length - 1);
  const own = shape.slice(axis < 0 ? axis + shape.length : axis);
  const values = draw.values();
  const bias = draw.flag() ? [values.array(own)] : [];
  const attributes = { ...epsilon(draw), ...(axis === -1 && draw.flag() ? {} : { axis: int(axis) }) };
  return single(
    'LayerNormalization',
    [values.distinct(shape), values.array(own), ...bias],
    attributes,
    draw.flag() ? 3 : 1,
  );
}

export function instanceNormalization(draw: Draw): Trial {
  const shape = [...draw.shape(2, 2), draw.integer(2, 4), ...draw.shape(0, 2, 3)];
  const values = draw.values();
  return single(
    'InstanceNormalization',
    [values.distinct(shape), values.array([shape[1]], 0.5, 2), values.array([shape[1]])],
    epsilon(draw),
  );
}

export function groupNormalization(draw: Draw): Trial {
  const groups = draw.integer(1, 3);
  const channels = groups * draw.integer(1, 2);
  const shape = [draw.integer(1, 2), channels, ...draw.shape(1, 3, 3)];
  const values = draw.values();
  return single(
    'GroupNormalization',
    [values.distinct(shape), values.array([channels], 0.5, 2), values.array([channels])],
    { ...epsilon(draw), num_groups: int(groups) },
  );
}

/** onnxruntime has odd sizes only. */
export function lrn(draw: Draw): Trial {
  const shape = draw.shape(4, 4, 4);
  const attributes: Record<string, Attributes[string]> = { size: int(draw.pick([1, 3, 5, 7])) };
  if (draw.flag()) attributes.alpha = float(0.5);
  if (draw.flag()) attributes.beta = float(0.5);
  if (draw.flag()) attributes.bias = float(1.5);
  return single('LRN', [draw.values().array(shape)], attributes);
}

export function lpNormalization(draw: Draw): Trial {
  const shape = draw.shape(1, 4);
  const axis = draw.integer(-shape.length, shape.length - 1);
  return single('LpNormalization', [draw.values().distinct(shape)], { axis: int(axis), p: int(draw.integer(1, 2)) });
}

export function meanVariance(draw: Draw): Trial {
  const shape = [...draw.shape(2, 2, 3), draw.integer(2, 4), draw.integer(2, 4)];
  const attributes: Attributes = draw.flag() ? { axes: ints(draw.pick([[2, 3], [1, 2, 3], [3], [0, 3]])) } : {};
  return single('MeanVarianceNormalization', [draw.values().distinct(shape)], attributes);
}
