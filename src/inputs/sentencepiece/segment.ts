import { Heap } from './heap';
import { characterAt, SPACE } from './normalise';
import type { Vocabulary } from './vocabulary';

/** A stretch of a normalised text and the token that it is. */
export interface Segment {
  readonly text: string;
  readonly id: number;
}

/** Cuts a normalised text into pieces; together they are the text. */
export type Segmenter = (text: string, vocabulary: Vocabulary) => Segment[];

/** How much less likely than the least likely piece an unknown character is. */
const UNKNOWN_PENALTY = 10;

/** The likeliest pieces, by their logarithmic probabilities (Kudo 2018). Sums are rounded to float32 as the library's are. */
const unigram: Segmenter = (text, vocabulary) => {
  interface Best {
    readonly id: number;
    readonly score: number;
    readonly from: number;
  }
  const best: (Best | undefined)[] = [];
  const unknownScore = Math.fround(vocabulary.least - UNKNOWN_PENALTY);
  for (let from = 0; from < text.length; ) {
    const before = best[from]?.score ?? 0;
    const character = characterAt(text, from);
    let hasCharacter = false;
    const offer = (end: number, id: number, score: number): void => {
      const held = best[end];
      if (!held || before + score > held.score) best[end] = { id, score: Math.fround(before + score), from };
    };
    for (const { piece, id } of vocabulary.startingAt(text, from)) {
      if (vocabulary.isUnused(id)) continue;
      // What the user has defined wins over everything else.
      const bonus = Buffer.byteLength(piece) * vocabulary.most - 0.1;
      offer(from + piece.length, id, vocabulary.isDefined(id) ? bonus : vocabulary.scoreOf(id));
      if (piece.length === character.length) hasCharacter = true;
    }
    if (!hasCharacter) offer(from + character.length, vocabulary.unknown, unknownScore);
    from += character.length;
  }
  const segments: Segment[] = [];
  for (let end = text.length; end > 0; ) {
    const { id, from } = best[end] as Best;
    segments.push({ text: text.slice(from, end), id });
    end = from;
  }
  return segments.reverse();
};

/** Neighbours are merged, the best pair of the whole text first (Sennrich et al. 2016), as scores rank the merges. */
const bytePairs: Segmenter = (text, vocabulary) => {
  const parts = [...charactersOf(text, vocabulary)].map(({ text: part, isDefined }, i, all) => ({
    text: part,
    isDefined,
    previous: i - 1,
    next: i + 1 < all.length ? i + 1 : -1,
  }));
  interface Pair {
    readonly left: number;
    readonly right: number;
    readonly score: number;
    readonly length: number;
  }
  const pairs = new Heap<Pair>((a, b) => a.score > b.score || (a.score === b.score && a.left < b.left));
  /** What unused pieces were made of. */
  const halves = new Map<string, readonly [string, string]>();
  const consider = (left: number, right: number): void => {
    if (left < 0 || right < 0 || parts[left].isDefined || parts[right].isDefined) return;
    const merged = parts[left].text + parts[right].text;
    const id = vocabulary.pieceId(merged);
    if (id === undefined) return;
    pairs.push({ left, right, score: vocabulary.scoreOf(id), length: merged.length });
    if (vocabulary.isUnused(id)) halves.set(merged, [parts[left].text, parts[right].text]);
  };
  for (let i = 1; i < parts.length; i++) consider(i - 1, i);
  for (let top = pairs.pop(); top; top = pairs.pop()) {
    const [left, right] = [parts[top.left], parts[top.right]];
    // One of the two has been merged meanwhile.
    if (left.text === '' || right.text === '' || left.text.length + right.text.length !== top.length) continue;
    left.text += right.text;
    right.text = '';
    left.next = right.next;
    if (right.next >= 0) parts[right.next].previous = top.left;
    consider(left.previous, top.left);
    consider(top.left, left.next);
  }
  const whole = (part: string): Segment[] => {
    const id = vocabulary.idOf(part);
    const [first, second] = (vocabulary.isUnused(id) ? halves.get(part) : undefined) ?? [];
    return first === undefined || second === undefined ? [{ text: part, id }] : [...whole(first), ...whole(second)];
  };
  return parts.flatMap(({ text: part }) => (part === '' ? [] : whole(part)));
};

function* charactersOf(text: string, vocabulary: Vocabulary): Generator<{ text: string; isDefined: boolean }> {
  for (let at = 0; at < text.length; ) {
    const defined = vocabulary.definedAt(text, at);
    const part = defined ?? characterAt(text, at);
    yield { text: part, isDefined: defined !== undefined };
    at += part.length;
  }
}

const characters: Segmenter = (text, vocabulary) =>
  [...charactersOf(text, vocabulary)].map(({ text: part }) => ({ text: part, id: vocabulary.idOf(part) }));

const words: Segmenter = (text, vocabulary) =>
  text
    .split(new RegExp(`(?!^)(?=${SPACE})`))
    .flatMap((word) => (word === '' ? [] : [{ text: word, id: vocabulary.idOf(word) }]));

export const SEGMENTERS = { unigram, bytePairs, words, characters };
