import { PrismError } from '../graph/errors';

/** What a shorthand of Python's regular expressions stands for, to stand inside of a character class. */
const INSIDE: Readonly<Record<string, string>> = {
  w: String.raw`\p{L}\p{N}_`,
  W: String.raw`[^\p{L}\p{N}_]`,
  d: String.raw`\p{Nd}`,
  D: String.raw`\P{Nd}`,
};
/** Characters that may stand in a class as they are in other dialects, but not in this one. */
const ESCAPED = /[(){}/|[&!#$%*+,.:;<=>?@`~^]/;
/** Characters that may be escaped outside of a class; elsewhere an escape that is not needed is an error. */
const SYNTAX = /[\^$\\.*+?()[\]{}|/]/;

/** An escaped character that is no shorthand. */
function escaped(character: string, inClass: boolean): string {
  if (/[\p{L}\p{N}]/u.test(character) || SYNTAX.test(character)) return `\\${character}`;
  return inClass && /[-&!#%,:;<=>@`~]/.test(character) ? `\\${character}` : character;
}

/**
 * A regular expression in Python's dialect as one of JavaScript: letters and digits are those of all scripts.
 *
 * @param file the settings that it stands in, for messages
 * @throws PrismError TOKENIZER_INVALID
 */
export function tokenPattern(written: string, file: string): RegExp {
  const source = written.replaceAll('(?P<', '(?<');
  let out = '';
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const character = source[i];
    if (character === '\\') {
      const next = source[++i] ?? '';
      const set = INSIDE[next];
      if (set === undefined) out += escaped(next, inClass);
      else out += inClass || set.startsWith('[') ? set : `[${set}]`;
    } else if (!inClass) {
      inClass = character === '[';
      out += character;
      if (inClass && source[i + 1] === '^') out += source[++i];
    } else if (character === ']') {
      inClass = false;
      out += character;
    } else if (character === '-') {
      const isRange = !/\[\^?$/.test(out) && source[i + 1] !== ']';
      out += isRange ? '-' : '\\-';
    } else {
      out += ESCAPED.test(character) ? `\\${character}` : character;
    }
  }
  try {
    return new RegExp(out, 'gv');
  } catch (cause) {
    throw new PrismError(
      'TOKENIZER_INVALID',
      `${file}: tokenizer.regex ${JSON.stringify(written)} is no regular expression: ${(cause as Error).message}`,
      { file },
      { cause },
    );
  }
}
