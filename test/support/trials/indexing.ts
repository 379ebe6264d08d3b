import { int, string } from '../../../src/graph/attributes';
import { int64 } from '../../../src/graph/tensor';
import { single, type Trial } from '../derivatives';
import type { Draw } from '../property';

/** Indices of an axis, from either end, repeated ones among them; as a constant in half of the draws. */
function drawIndices(draw: Draw, shape: readonly number[], dim: number) {
  const drawn = draw.values().ints(shape, -dim, dim - 1);
  return draw.flag() ? int64(Array.from(drawn.data), shape) : drawn;
}

export function gather(draw: Draw): Trial {
  const shape = draw.shape(1, 4);
  const axis = draw.integer(-shape.length, shape.length - 1);
  const indices = drawIndices(draw, draw.shape(0, 2, 3), shape.at(axis) as number);
  return single('Gather', [draw.values().array(shape), indices], { axis: int(axis) });
}

export function gatherElements(draw: Draw): Trial {
  const shape = draw.shape(1, 3);
  const axis = draw.integer(-shape.length, shape.length - 1);
  const at = axis < 0 ? axis + shape.length : axis;
  const picked = shape.map((dim, i) => (i === at ? draw.integer(1, 4) : draw.integer(1, dim)));
  return single('GatherElements', [draw.values().array(shape), drawIndices(draw, picked, shape[at])], {
    axis: int(axis),
  });
}

export function gatherNd(draw: Draw): Trial {
  const dim = draw.integer(1, 3);
  const batch = draw.integer(0, 1);
  const lead = batch ? [draw.integer(1, 3)] : [];
  const depth = draw.integer(1, 2);
  const shape = [...lead, ...Array.from({ length: depth }, () => dim), ...draw.shape(0, 1, 3)];
  const indices = drawIndices(draw, [...lead, ...draw.shape(0, 2, 3), depth], dim);
  return single('GatherND', [draw.values().array(shape), indices], { batch_dims: int(batch) });
}

const REDUCTIONS = ['none', 'add', 'mul', 'max', 'min'];

/** Indices of all different places where elements are replaced; the order of writes would decide otherwise. */
export function scatterElements(draw: Draw): Trial {
  const shape = draw.shape(1, 3);
  const axis = draw.integer(-shape.length, shape.length - 1);
  const at = axis < 0 ? axis + shape.length : axis;
  const reduction = draw.pick(REDUCTIONS);
  const values = draw.values();
  const places = shape.map((dim, i) => (i === at ? draw.integer(1, dim) : draw.integer(1, dim)));
  const indices =
    reduction === 'none' ? { ...values.ints(places, 0, 0) } : values.ints(places, -shape[at], shape[at] - 1);
  if (reduction === 'none') {
    // A permutation along the axis, the same in every lane.
    const order = values.shuffle(Array.from({ length: shape[at] }, (_, i) => i));
    const step = places.slice(at + 1).reduce((product, dim) => product * dim, 1);
    indices.data.forEach((_, i) => {
      indices.data[i] = order[Math.floor(i / step) % places[at]];
    });
  }
  const attributes = {
    axis: int(axis),
    ...(reduction === 'none' && draw.flag() ? {} : { reduction: string(reduction) }),
  };
  return single('ScatterElements', [values.distinct(shape), indices, values.distinct(places, -1.9, 1.95)], attributes);
}

export function scatterNd(draw: Draw): Trial {
  const reduction = draw.pick(REDUCTIONS);
  const dim = draw.integer(1, 4);
  const shape = [dim, ...draw.shape(0, 2, 3)];
  const count = draw.integer(1, dim);
  const values = draw.values();
  const order = values.shuffle(Array.from({ length: dim }, (_, i) => i)).slice(0, count);
  const indices = reduction === 'none' ? order : order.map(() => values.integer(-dim, dim - 1));
  return single(
    'ScatterND',
    [values.distinct(shape), int64(indices, [count, 1]), values.distinct([count, ...shape.slice(1)], -1.9, 1.95)],
    reduction === 'none' && draw.flag() ? {} : { reduction: string(reduction) },
  );
}

export function oneHot(draw: Draw): Trial {
  const shape = draw.shape(1, 3, 3);
  const depth = draw.integer(1, 4);
  const values = draw.values();
  const axis = draw.integer(-shape.length - 1, shape.length);
  return single('OneHot', [values.ints(shape, -depth, depth - 1), int64([depth], []), values.array([2])], {
    axis: int(axis),
  });
}
