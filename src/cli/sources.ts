import type { Answer } from '../engine/explain';
import { findValue } from '../engine/layers';
import { sourcesOf } from '../engine/pfv/sources';
import type { PfvSources } from '../protocol/pfv';
import { number, table } from './format';

/** How many sources are listed; `--json` has them all. */
const LISTED = 12;

/** A vector as it is named in an argument. */
interface Named {
  readonly value: string;
  readonly y: number;
  readonly x: number;
}

/** All that a vector is made of. Throws what finding the value and asking for it throws. */
export function namedSources(answer: Answer, { value, y, x }: Named): Promise<PfvSources> {
  const layer = findValue(answer.prepared.specialised.graph, value);
  return sourcesOf(answer, { layer, x, y }, Number.POSITIVE_INFINITY);
}

/** The sources as a table, and how the shares add up. */
export function sourceLines({ layer, x, y, sources, kept, sum }: PfvSources): string[] {
  const rest = sources.slice(LISTED);
  const others = rest.reduce((total, { share }) => total + share, 0);
  return [
    ...table([
      [`${layer}@${y},${x} is made of`, 'share'],
      ...sources.slice(0, LISTED).map((source) => [`${source.layer}@${source.y},${source.x}`, number(source.share)]),
      ...(rest.length > 0 ? [[`${rest.length} others`, number(others)]] : []),
      ...(kept === 0 ? [] : [['biases and constants', number(kept)]]),
    ]),
    `the shares add up to ${number(sum)}`,
  ];
}
