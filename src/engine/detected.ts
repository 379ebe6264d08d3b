import type { Score } from '../methods/method';
import type { DetectedBox, Photograph } from '../protocol';
import { detect } from './boxes';
import { boxScore } from './classes';
import { type Answer, outputOf } from './explain';

/** A score as a person writes it. */
export const writeScore = ({ output, select }: Score): string => `${output}[${select.join(',')}]`;

/** What a detector has found, on the photograph; undefined for other models. */
export function detectedBoxes(
  { model, prepared, attribution, score }: Answer,
  { viewport }: Photograph,
): DetectedBox[] | undefined {
  const output = outputOf(model, prepared, score.output);
  const { boxes } = output;
  if (!boxes) return undefined;
  const shape = prepared.feeds.get(prepared.input)?.shape ?? [];
  const [height, width] = shape.filter((_, at) => at !== 0 && at !== prepared.channels);
  const across = viewport.width / width;
  const down = viewport.height / height;
  return detect(boxes, attribution.output, { width, height }).map((box) => ({
    index: box.index,
    label: output.labels[box.index],
    probability: box.probability,
    x: viewport.x + box.x * across,
    y: viewport.y + box.y * down,
    width: box.width * across,
    height: box.height * down,
    score: writeScore(boxScore(output, boxes, box.index, box.anchor)),
  }));
}
