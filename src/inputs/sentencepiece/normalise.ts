import type { Charsmap } from './charsmap';

/** How SentencePiece writes a space. */
export const SPACE = '\u2581';

/** What is done to a text before it is cut into pieces. */
export interface Normaliser {
  readonly replace: Charsmap;
  /** The longest piece that the user has defined at a place of a text; such a piece is left as it is. */
  readonly definedAt: (text: string, at: number) => string | undefined;
  /** A space is added, so that the first word looks like any other: before the text, or after it. */
  readonly adds: 'before' | 'after' | undefined;
  /** Spaces around the text go, several become one. */
  readonly removesSpaces: boolean;
  readonly space: string;
}

/** A text as it is cut. */
export interface Normalised {
  readonly text: string;
  /** Where each of its UTF-16 units comes from in the text as it was written; one entry more, for the end. */
  readonly origins: readonly number[];
}

/** Normalises a text as SentencePiece's Normalizer does, with the place that each character comes from. */
export function normalise(written: string, normaliser: Normaliser): Normalised {
  const { adds, removesSpaces, space } = normaliser;
  // Half a character becomes U+FFFD, as in every text of UTF-8.
  const stretches = replaced(Buffer.from(written).toString(), normaliser);
  let at = 0;
  if (removesSpaces) while (stretches[at]?.text === ' ') at++;
  let consumed = at === 0 ? 0 : stretches[at - 1].end;
  if (at === stretches.length) return { text: '', origins: [consumed] };

  let text = '';
  const origins: number[] = [];
  const append = (part: string): void => {
    text += part;
    for (let i = 0; i < part.length; i++) origins.push(consumed);
  };
  if (adds === 'before') append(space);
  let afterSpace = removesSpaces;
  for (; at < stretches.length; at++) {
    const part = afterSpace ? stretches[at].text.replace(/^ +/, '') : stretches[at].text;
    append(part.replaceAll(' ', space));
    if (part !== '') afterSpace = part.endsWith(' ');
    if (!removesSpaces) afterSpace = false;
    consumed = stretches[at].end;
  }
  if (removesSpaces) {
    while (text.endsWith(space)) {
      text = text.slice(0, -space.length);
      consumed = origins[text.length];
      origins.length = text.length;
    }
  }
  if (adds === 'after') append(space);
  return { text, origins: [...origins, consumed] };
}

/** A text stretch by stretch: what each becomes, and where it ends in the text as it was written. */
function replaced(written: string, { replace, definedAt }: Normaliser): { text: string; end: number }[] {
  const bytes = Buffer.from(written);
  const stretches: { text: string; end: number }[] = [];
  let at = 0;
  for (let byte = 0; byte < bytes.length; ) {
    const defined = definedAt(written, at);
    const replacement = defined === undefined ? replace(bytes, byte) : undefined;
    const length = replacement?.length ?? Buffer.byteLength(defined ?? characterAt(written, at));
    const own = bytes.toString('utf8', byte, byte + length);
    stretches.push({ text: replacement?.by ?? own, end: at + own.length });
    at += own.length;
    byte += length;
  }
  return stretches;
}

/** The whole character at a place of a text. */
export const characterAt = (text: string, at: number): string => String.fromCodePoint(text.codePointAt(at) as number);
