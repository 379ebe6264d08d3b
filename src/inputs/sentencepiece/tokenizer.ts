import { create } from '@bufbuild/protobuf';
import type { TokenizerConfig } from '../config';
import { paddingIn, type Token, type Tokenizer, tokenizerInvalid } from '../tokenizer';
import { lowered } from '../vocabulary';
import { openCharsmap } from './charsmap';
import { type Normalised, type Normaliser, normalise, SPACE } from './normalise';
import { readSentencePiece } from './read';
import { SEGMENTERS, type Segment, type Segmenter } from './segment';
import {
  TrainerSpec_ModelType as Kind,
  type ModelProto,
  type NormalizerSpec,
  NormalizerSpecSchema,
  ModelProto_SentencePiece_Type as PieceType,
  type TrainerSpec,
  TrainerSpecSchema,
} from './sentencepiece.gen';
import { Vocabulary } from './vocabulary';

const BY_KIND: Readonly<Record<Kind, Segmenter>> = {
  [Kind.UNIGRAM]: SEGMENTERS.unigram,
  [Kind.BPE]: SEGMENTERS.bytePairs,
  [Kind.WORD]: SEGMENTERS.words,
  [Kind.CHAR]: SEGMENTERS.characters,
};

/**
 * A tokenizer by a SentencePiece model, as the library's `encode` cuts texts: nothing is put before or after.
 *
 * @throws PrismError TOKENIZER_INVALID
 */
export function sentencePieceTokenizer(
  bytes: Uint8Array,
  file: string,
  config: Pick<TokenizerConfig, 'pad' | 'lowercase'> = {},
): Tokenizer {
  const model = readSentencePiece(bytes, file);
  const trainer = model.trainerSpec ?? create(TrainerSpecSchema);
  const spec = model.normalizerSpec ?? create(NormalizerSpecSchema);
  const { pieces } = model;
  const vocabulary = new Vocabulary(pieces);
  const replace = openCharsmap(spec.precompiledCharsmap);
  if (!replace) throw tokenizerInvalid(file, 'has a broken table of replacements');
  const normaliser: Normaliser = {
    replace,
    definedAt: vocabulary.definedAt,
    adds: spec.addDummyPrefix ? (trainer.treatWhitespaceAsSuffix ? 'after' : 'before') : undefined,
    removesSpaces: spec.removeExtraWhitespaces,
    space: spec.escapeWhitespaces ? SPACE : ' ',
  };
  const segment = BY_KIND[trainer.modelType];
  const padId = trainer.padId >= 0 && trainer.padId < pieces.length ? trainer.padId : undefined;

  return {
    file,
    size: pieces.length,
    pad: config.pad ?? padId ?? paddingIn(new Map(pieces.map(({ piece }, id) => [piece, id]))),
    nameOf: (id) => pieces[id]?.piece,
    encode(text) {
      const normalised = normalise(config.lowercase ? lowered(text) : text, normaliser);
      const segments = segment(normalised.text, vocabulary);
      const ids = trainer.byteFallback ? inBytes(segments, vocabulary) : unknownTogether(segments, vocabulary.unknown);
      return placed(ids, normalised, text).map(({ id, start, end }): Token => {
        const written = end > start ? text.slice(start, end) : pieces[id].piece;
        return { text: written, id, start, end, kind: id === vocabulary.unknown ? 'unknown' : 'word' };
      });
    },
    decode: (ids) => decoded(ids, model, trainer, spec),
  };
}

/** What no piece has, byte by byte; the last byte stands for it. */
const inBytes = (segments: readonly Segment[], vocabulary: Vocabulary): Segment[] =>
  segments.flatMap((segment) => {
    if (segment.id !== vocabulary.unknown) return [segment];
    const ids = [...Buffer.from(segment.text)].map(vocabulary.byteId);
    return ids.map((id, i) => ({ id, text: i === ids.length - 1 ? segment.text : '' }));
  });

/** Unknown neighbours are one token. */
function unknownTogether(segments: readonly Segment[], unknown: number): Segment[] {
  const together: Segment[] = [];
  for (const segment of segments) {
    const last = together.at(-1);
    if (segment.id === unknown && last?.id === unknown) {
      together[together.length - 1] = { id: unknown, text: last.text + segment.text };
    } else together.push(segment);
  }
  return together;
}

/** Where segments lie in the text as it was written, without the spaces around them. */
function placed(
  segments: readonly Segment[],
  { origins }: Normalised,
  text: string,
): { id: number; start: number; end: number }[] {
  let at = 0;
  return segments.map(({ id, text: part }) => {
    const from = origins[at];
    at += part.length;
    const written = text.slice(from, origins[at]);
    const word = written.trim();
    if (word === '') return { id, start: from, end: origins[at] };
    const start = from + written.indexOf(word);
    return { id, start, end: start + word.length };
  });
}

/** The text of tokens; the space that was put before the text goes, and those that would not have been kept there. */
function decoded(ids: readonly number[], model: ModelProto, trainer: TrainerSpec, spec: NormalizerSpec): string {
  let bytes: number[] = [];
  let text = '';
  let hasStarted = false;
  const flush = (): void => {
    text += Buffer.from(bytes).toString();
    bytes = [];
  };
  for (const id of ids) {
    const { piece, type } = model.pieces[id] ?? { piece: '', type: PieceType.CONTROL };
    if (type === PieceType.BYTE) {
      bytes.push(Number.parseInt(piece.slice(3, 5), 16));
      continue;
    }
    flush();
    if (type === PieceType.UNKNOWN) text += trainer.unkSurface;
    if (type === PieceType.UNKNOWN || type === PieceType.CONTROL) continue;
    const drops: boolean =
      text === '' && !hasStarted && piece.startsWith(SPACE) && (spec.addDummyPrefix || spec.removeExtraWhitespaces);
    hasStarted ||= drops && !spec.removeExtraWhitespaces;
    text += (drops ? piece.slice(SPACE.length) : piece).replaceAll(SPACE, ' ');
  }
  flush();
  return text;
}
