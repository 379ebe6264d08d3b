import { fromBinary } from '@bufbuild/protobuf';
import { tokenizerInvalid } from '../tokenizer';
import { type ModelProto, ModelProtoSchema, ModelProto_SentencePiece_Type as PieceType } from './sentencepiece.gen';

/** How files begin that are called `.model` too: what bytes as text look like, what to say. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/^version https:\/\/git-lfs/, 'is a Git LFS pointer; fetch the real file with `git lfs pull`'],
  [/^[A-Za-z0-9+/]+={0,2} \d+\r?\n/, 'is a vocabulary of tiktoken; use the tokenizer.json of the same model'],
  [/^PK/, 'is a zip archive, such as a PyTorch checkpoint, no SentencePiece model'],
  [/^\s*[{[<]/, 'is text, no SentencePiece model'],
];

/**
 * Reads a SentencePiece model, as the library's trainer writes it.
 *
 * @param file for messages
 * @throws PrismError TOKENIZER_INVALID
 */
export function readSentencePiece(bytes: Uint8Array, file: string): ModelProto {
  if (bytes.length === 0) throw tokenizerInvalid(file, 'is empty; fetch it again');
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw tokenizerInvalid(
      file,
      foreign(bytes) ?? 'is no SentencePiece model, or only part of one; fetch it again',
      cause,
    );
  }
  const fault =
    model.pieces.length === 0 ? (foreign(bytes) ?? 'is no SentencePiece model: it holds no pieces') : faultOf(model);
  if (fault !== undefined) throw tokenizerInvalid(file, fault);
  return model;
}

function foreign(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  return FOREIGN.find(([pattern]) => pattern.test(start))?.[1];
}

function faultOf({ pieces, trainerSpec }: ModelProto): string | undefined {
  const names = new Set(pieces.map(({ piece }) => piece));
  if (names.has('')) return 'holds a piece without text';
  if (names.size < pieces.length) return 'holds a piece twice';
  if (pieces.some(({ score }) => !Number.isFinite(score))) return 'holds a score that is no number';
  const count = (wanted: PieceType): number => pieces.filter(({ type }) => type === wanted).length;
  if (count(PieceType.UNKNOWN) !== 1) return 'has no one piece for what is unknown';
  if (trainerSpec?.byteFallback && count(PieceType.BYTE) !== 256) return 'lacks pieces for some bytes';
  return undefined;
}
