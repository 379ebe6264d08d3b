import { float, int, ints, string } from '../../../src/graph/attributes';
import type { Attributes } from '../../../src/graph/ir';
import { float32, int64 } from '../../../src/graph/tensor';
import { single, type Trial } from '../derivatives';
import type { Draw } from '../property';

const COORDINATES = ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric'];

/** Resize of the spatial axes in every mode, by scales or sizes, up and down. */
export function resize(mode: 'nearest' | 'linear' | 'cubic', antialias = false): (draw: Draw) => Trial {
  return (draw) => {
    const rank = mode === 'cubic' || antialias ? 2 : draw.integer(1, 3);
    const spatial = draw.list(rank, 1, 5);
    const shape = [draw.integer(1, 2), draw.integer(1, 2), ...spatial];
    const attributes: Record<string, Attributes[string]> = { mode: string(mode) };
    if (antialias) attributes.antialias = int(1);
    if (draw.flag()) attributes.coordinate_transformation_mode = string(draw.pick(COORDINATES));
    if (mode === 'nearest' && draw.flag()) {
      attributes.nearest_mode = string(draw.pick(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil']));
    }
    if (mode === 'cubic' && draw.flag()) attributes.cubic_coeff_a = float(-0.5);
    if (mode === 'cubic' && !antialias && draw.flag()) attributes.exclude_outside = int(1);
    const input = draw.values().array(shape);
    if (draw.flag()) {
      const scales = spatial.map((size) => draw.pick(size > 1 ? [1, 2, 3, 1.5, 0.5, 0.75] : [1, 2, 3, 2.5]));
      return single('Resize', [input, undefined, float32([1, 1, ...scales])], attributes);
    }
    // A scale that float32 rounds decides by chance which of two cells is nearest.
    const exact = (size: number, wanted: number): boolean => Math.fround(wanted / size) === wanted / size;
    const sizes = spatial.map((size) => {
      const wanted = draw.integer(1, 8);
      return mode !== 'nearest' || exact(size, wanted) ? wanted : 2 * size;
    });
    if (draw.flag()) {
      attributes.axes = ints(spatial.map((_, i) => 2 + i));
      return single('Resize', [input, undefined, undefined, int64(sizes)], attributes);
    }
    return single('Resize', [input, undefined, undefined, int64([...shape.slice(0, 2), ...sizes])], attributes);
  };
}

/** Crop and resize with a region that reaches beyond the input. onnxruntime ignores the region where the size stays. */
export function cropAndResize(draw: Draw): Trial {
  const shape = [1, draw.integer(1, 2), ...draw.list(2, 2, 5)];
  const sizes = [
    ...shape.slice(0, 2),
    ...shape.slice(2).map((size) => draw.pick([1, 2, 3, 4, 5].filter((n) => n !== size))),
  ];
  const roi = [
    0,
    0,
    draw.pick([0, 0.25, -0.25]),
    draw.pick([0, 0.25]),
    1,
    1,
    draw.pick([1, 0.75]),
    draw.pick([1, 1.25]),
  ];
  const attributes = {
    mode: string(draw.pick(['linear', 'nearest'])),
    coordinate_transformation_mode: string('tf_crop_and_resize'),
    extrapolation_value: float(0.5),
  };
  return single('Resize', [draw.values().array(shape), float32(roi), undefined, int64(sizes)], attributes);
}

/** Sizes of which the aspect ratio is to be kept. */
export function keepAspect(draw: Draw): Trial {
  const shape = draw.list(2, 1, 6);
  const sizes = draw.list(2, 3, 9);
  return single('Resize', [draw.values().array([1, 1, ...shape]), undefined, undefined, int64(sizes)], {
    mode: string('linear'),
    axes: ints([2, 3]),
    keep_aspect_ratio_policy: string(draw.pick(['not_larger', 'not_smaller'])),
  });
}

export function gridSample(draw: Draw): Trial {
  const mode = draw.pick(['linear', 'nearest', 'cubic']);
  const rank = mode === 'cubic' ? 2 : draw.integer(2, 3);
  const batch = draw.integer(1, 2);
  const values = draw.values();
  const x = values.array([batch, draw.integer(1, 2), ...draw.list(rank, 2, 4)]);
  const grid = values.array([batch, ...draw.list(rank, 1, 3), rank], -1.4, 1.4);
  return single('GridSample', [x, grid], {
    mode: string(mode),
    padding_mode: string(draw.pick(['zeros', 'border', 'reflection'])),
    align_corners: int(draw.integer(0, 1)),
  });
}
