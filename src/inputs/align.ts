/** A stretch of a text, in UTF-16 code units; the end is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** How far ahead a piece is looked for when something that no piece stands for lies between. */
const REACH = 64;

/** A text without case, accents and the differences of compatible characters, and where each of its units comes from. */
interface Folded {
  readonly text: string;
  /** Start of the character that a unit comes from; one entry more, for the end. */
  readonly starts: readonly number[];
}

const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

function folded(text: string): Folded {
  let out = '';
  const starts: number[] = [];
  let at = 0;
  for (const character of text) {
    const unit = fold(character);
    for (let i = 0; i < unit.length; i++) starts.push(at);
    out += unit;
    at += character.length;
  }
  return { text: out, starts: [...starts, text.length] };
}

/**
 * Where pieces of a text lie in it. Tokenizers change what they cut: case, accents, spaces. Pieces that are not found
 * (undefined: nothing is known of how it is written) share what lies between their neighbours, word by word where that
 * comes out even; one of no letters gets nothing.
 *
 * @param pieces in the order of the text
 */
export function align(text: string, pieces: readonly (string | undefined)[]): Span[] {
  const whole = folded(text);
  const spans: (Span | undefined)[] = [];
  /** Pieces that wait for the next one that is found. */
  let waiting: number[] = [];
  let cursor = 0;
  const settle = (until: number): void => {
    const words = wordsBetween(whole.text, cursor, until, waiting.length);
    waiting.forEach((index, i) => {
      const [from, to] = words[i] ?? [until, until];
      spans[index] = spanOf(whole, text, from, to);
    });
    waiting = [];
  };
  pieces.forEach((piece, index) => {
    const wanted = piece === undefined ? undefined : fold(piece).trim();
    if (wanted === '') return;
    const from = wanted === undefined ? -1 : whole.text.indexOf(wanted, cursor);
    if (wanted === undefined || from < 0 || from > cursor + REACH) {
      waiting.push(index);
      return;
    }
    settle(from);
    cursor = from + wanted.length;
    spans[index] = spanOf(whole, text, from, cursor);
  });
  settle(whole.text.length);
  let end = 0;
  return pieces.map((_, index) => {
    const span = spans[index] ?? { start: end, end };
    end = span.end;
    return span;
  });
}

/** The words of a stretch if there are so many, else the stretch without the spaces around it as the only one. */
function wordsBetween(text: string, from: number, to: number, count: number): [number, number][] {
  if (count === 0) return [];
  const words = [...text.slice(from, to).matchAll(/\S+/g)].map(({ index, 0: word }): [number, number] => [
    from + index,
    from + index + word.length,
  ]);
  if (words.length === count || words.length === 0) return words;
  return [[words[0][0], words[words.length - 1][1]]];
}

function spanOf({ starts }: Folded, text: string, from: number, to: number): Span {
  const start = starts[from];
  if (to <= from) return { start, end: start };
  // A character may fold to several units: the last one is taken whole, with the accents that follow it.
  const last = starts[to - 1];
  const character = String.fromCodePoint(text.codePointAt(last) as number);
  const accents = /^\p{M}*/u.exec(text.slice(last + character.length))?.[0].length ?? 0;
  return { start, end: last + character.length + accents };
}
