/** The longest beginning of a text that is replaced. */
interface Replacement {
  /** How many bytes it has. */
  readonly length: number;
  readonly by: string;
}

/** Finds what is replaced at a place of a text in UTF-8. */
export type Charsmap = (bytes: Uint8Array, at: number) => Replacement | undefined;

/**
 * Opens the replacements of a SentencePiece normaliser: four bytes for the size of a trie, the trie, and the texts that
 * its values point to, each ended by a zero. The trie is a double array as Darts-clone lays it out
 * (https://github.com/s-yata/darts-clone): in every unit of 32 bits the lowest eight are the label and bit 31 tells a value; bit 8 tells that a value
 * follows, bits 10 to 30 are the offset to the children, 256 times that if bit 9 is set.
 *
 * @returns undefined where the data are broken
 */
export function openCharsmap(data: Uint8Array): Charsmap | undefined {
  const whole = Buffer.from(data);
  if (whole.length === 0) return () => undefined;
  const size = whole.length < 4 ? 0 : whole.readUInt32LE(0);
  const texts = whole.subarray(4 + size);
  if (size === 0 || size % 4 !== 0 || 4 + size > whole.length || texts.at(-1) !== 0) return undefined;
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => whole.readUInt32LE(4 + 4 * i));
  const childrenOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
  const textAt = (start: number): string => texts.toString('utf8', start, texts.indexOf(0, start));
  return (bytes, at) => {
    let node = childrenOf(units[0]);
    let found: { length: number; value: number } | undefined;
    for (let i = at; i < bytes.length; i++) {
      node ^= bytes[i];
      const unit = units[node];
      // Beyond the end lies no unit, as no label fits.
      if (unit === undefined || (unit & 0x800000ff) !== bytes[i]) break;
      node ^= childrenOf(unit);
      // Never half a character.
      if ((unit & 0x100) !== 0 && (bytes[i + 1] & 0xc0) !== 0x80)
        found = { length: i + 1 - at, value: (units[node] ?? 0) & 0x7fffffff };
    }
    return found && { length: found.length, by: found.value < texts.length ? textAt(found.value) : '' };
  };
}
