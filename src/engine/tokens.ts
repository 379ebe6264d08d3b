import { type Layout, locationCount } from '../metrics/layout';
import type { Tokens } from '../metrics/metric';
import { classScore } from './classes';
import { classOf, forward, outputOf } from './explain';
import { type JudgedCase, readerOf } from './reader';
import type { Request } from './requests';
import type { Prepared } from './subject';
import { feedsOfTokens } from './text';

/**
 * The text that is judged, and what the model says of it without some of its tokens: it reads the shorter text as one of
 * its own, so that what comes later moves up. Undefined for what is no text, and for a score that is no class.
 */
export function tokensOf(
  { model, prepared, output, score }: JudgedCase,
  layout: Layout,
  request: Request,
): Tokens | undefined {
  const { text } = prepared;
  const index = classOf(output, score);
  if (!text || index === null || locationCount(layout) !== text.tokens.length) return undefined;
  const { tokens } = text;
  const isWord = (at: number): boolean => tokens[at].kind !== 'special' && tokens[at].kind !== 'padding';
  return {
    words: [...tokens.keys()].filter(isWord),
    async without(locations) {
      const out = new Set(locations);
      const left = tokens.filter((_, at) => !out.has(at));
      const feeds = await feedsOfTokens(model, left);
      const specialised = await model.specialised(new Map([...feeds].map(([name, { shape }]) => [name, shape])));
      const { embedding: _, ...rest } = prepared;
      const shorter: Prepared = { ...rest, specialised, feeds, text: { ...text, tokens: left } };
      const own = outputOf(model, shorter, output.name);
      const { data } = await forward(model, shorter, output.name, request);
      return readerOf(own, classScore(own, index))(data);
    },
  };
}
