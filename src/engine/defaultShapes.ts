import { defaultInputShapes, type InputShapes } from '../graph/inputShapes';
import type { Model } from './model';

/** Input shapes for questions that no input comes with: what preprocessing makes, else what the model says. */
export function defaultShapes({ graph, description }: Model): InputShapes {
  const { input } = description.settings;
  if (!input?.size) return defaultInputShapes(graph);
  const [height, width] = input.size;
  const extent: Record<string, number> = { N: 1, C: input.channels === 'grey' ? 1 : 3, H: height, W: width };
  return defaultInputShapes(graph, new Map([[input.name, [...input.layout].map((axis) => extent[axis])]]));
}
