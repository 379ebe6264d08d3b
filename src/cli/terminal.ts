import sharp from 'sharp';

/** Where the program's words go, and what that place can show. */
export interface Terminal {
  /** Writes to standard output. */
  out(text: string): void;
  /** Writes to standard error. */
  err(text: string): void;
  /** Whether standard output is a terminal, and how wide. */
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The terminal of this process. */
export const processTerminal = (): Terminal => ({
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  outIsTerminal: process.stdout.isTTY === true,
  errIsTerminal: process.stderr.isTTY === true,
  columns: process.stdout.columns ?? 80,
  env: process.env,
});

/** Whether pictures and coloured text can be shown: 24-bit colour on a terminal whose owner has not asked for none. */
export const showsPictures = ({ outIsTerminal, env }: Terminal): boolean =>
  outIsTerminal && !env.NO_COLOR && env.TERM !== 'dumb' && /truecolor|24bit/i.test(env.COLORTERM ?? '');

/** The widest picture drawn, in columns. */
const PICTURE_COLUMNS = 64;

/** A picture as lines of half blocks, two pixels a character. */
export async function drawPicture(encoded: Uint8Array, columns: number): Promise<string> {
  const width = Math.max(1, Math.min(PICTURE_COLUMNS, columns - 1));
  const picture = sharp(encoded).removeAlpha().resize({ width });
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  const colour = (x: number, y: number): string => {
    const at = 3 * (Math.min(y, info.height - 1) * info.width + x);
    return `${data[at]};${data[at + 1]};${data[at + 2]}`;
  };
  const lines: string[] = [];
  for (let y = 0; y < info.height; y += 2) {
    let line = '';
    for (let x = 0; x < info.width; x++) line += `\x1b[38;2;${colour(x, y)}m\x1b[48;2;${colour(x, y + 1)}m▀`;
    lines.push(`${line}\x1b[0m`);
  }
  return lines.join('\n');
}

/** Says what is going on, on one line that is written over; only where a person looks at it. */
export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #shown: boolean;
  #dirty = false;

  constructor(terminal: Terminal, quiet: boolean) {
    this.#terminal = terminal;
    this.#shown = terminal.errIsTerminal && !quiet;
  }

  show(message: string, fraction?: number): void {
    if (!this.#shown) return;
    const share = fraction === undefined ? '' : ` ${Math.round(100 * fraction)} %`;
    this.#terminal.err(`\r\x1b[K${message}${share}`);
    this.#dirty = true;
  }

  /** Removes the line. */
  clear(): void {
    if (this.#dirty) this.#terminal.err('\r\x1b[K');
    this.#dirty = false;
  }
}
