import { characterAt } from './normalise';
import { type ModelProto, ModelProto_SentencePiece_Type as PieceType } from './sentencepiece.gen';

/** Types of pieces that a text is cut into; others stand for no words of it. */
const WRITTEN: ReadonlySet<PieceType> = new Set([PieceType.NORMAL, PieceType.USER_DEFINED, PieceType.UNUSED]);

/** The pieces of a model; the index of a piece is its token. */
export class Vocabulary {
  readonly unknown: number;
  /** The lowest and highest score of an ordinary piece. */
  readonly least: number;
  readonly most: number;
  readonly #pieces: ModelProto['pieces'];
  readonly #written = new Map<string, number>();
  readonly #others = new Map<string, number>();
  /** The longest piece that begins with a character, in UTF-16 units. */
  readonly #longest = new Map<string, number>();
  readonly #longestDefined = new Map<string, number>();

  constructor(pieces: ModelProto['pieces']) {
    this.#pieces = pieces;
    this.unknown = pieces.findIndex(({ type }) => type === PieceType.UNKNOWN);
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    pieces.forEach(({ piece, type, score }, id) => {
      if (!WRITTEN.has(type)) {
        this.#others.set(piece, id);
        return;
      }
      this.#written.set(piece, id);
      lengthen(this.#longest, piece);
      if (type === PieceType.USER_DEFINED) lengthen(this.#longestDefined, piece);
      if (type !== PieceType.NORMAL) return;
      least = Math.min(least, score);
      most = Math.max(most, score);
    });
    this.least = Number.isFinite(least) ? least : 0;
    this.most = Number.isFinite(most) ? most : 0;
  }

  isUnused = (id: number): boolean => this.#pieces[id].type === PieceType.UNUSED;
  isDefined = (id: number): boolean => this.#pieces[id].type === PieceType.USER_DEFINED;
  scoreOf = (id: number): number => this.#pieces[id].score;
  /** The token of a piece of texts. */
  pieceId = (piece: string): number | undefined => this.#written.get(piece);
  /** The token of any piece, or that of what is unknown. */
  idOf = (piece: string): number => this.#others.get(piece) ?? this.#written.get(piece) ?? this.unknown;
  /** The token of a byte. */
  byteId = (byte: number): number => this.idOf(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

  /** The pieces that stand at a place of a text, the shortest first. */
  *startingAt(text: string, at: number): Generator<{ piece: string; id: number }> {
    const end = Math.min(text.length, at + (this.#longest.get(characterAt(text, at)) ?? 0));
    for (let to = at + 1; to <= end; to++) {
      const piece = text.slice(at, to);
      const id = this.#written.get(piece);
      if (id !== undefined) yield { piece, id };
    }
  }

  /** The longest piece that the user has defined at a place of a text. */
  definedAt = (text: string, at: number): string | undefined => {
    const longest = this.#longestDefined.get(characterAt(text, at)) ?? 0;
    for (let to = Math.min(text.length, at + longest); to > at; to--) {
      const id = this.#written.get(text.slice(at, to));
      if (id !== undefined && this.isDefined(id)) return text.slice(at, to);
    }
    return undefined;
  };
}

function lengthen(longest: Map<string, number>, piece: string): void {
  const first = characterAt(piece, 0);
  longest.set(first, Math.max(longest.get(first) ?? 0, piece.length));
}
