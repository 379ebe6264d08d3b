import { PrismError } from '../../graph/errors';
import type { RemoteError } from '../../protocol';

/**
 * How a paused program is asked: one Python expression, whose value is text that every debug adapter passes on as it is.
 * The programs that it runs are in media/python.
 */

/** What a program in the debuggee answers. */
export interface Reply<Header> {
  readonly header: Header;
  readonly payload: Uint8Array;
}

/** A text as Python writes it: JSON's escapes mean the same there, but for characters that take two of them. */
const literal = (text: string): string =>
  JSON.stringify(text).replace(/[\u{7f}-\u{10ffff}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });

/** An argument of a call: an expression of the program's own, or data. */
export type Argument = { readonly expression: string } | { readonly data: unknown };

/** A function of the given sources, to be run in a program. */
export interface Call {
  /** By which {@link giveUpExpression} finds the work. */
  readonly ticket: string;
  readonly source: string;
  readonly work: string;
  readonly args: readonly Argument[];
}

/**
 * The expression that runs a function of the given sources. They are executed in a dictionary that nobody else knows;
 * the arguments are evaluated in the stopped frame, outside of any function, where all of its variables are seen.
 */
export function callExpression({ ticket, source, work, args }: Call): string {
  const written = args.map((argument) =>
    'expression' in argument
      ? `(${argument.expression})`
      : `__import__("json").loads(${literal(JSON.stringify(argument.data))})`,
  );
  const space = `(lambda names: (exec(${literal(source)}, names), names)[1])({"__name__": "model_prism"})`;
  const call = `names["answer"](${literal(ticket)}, names[${literal(work)}], *given)`;
  return `(lambda names, *given: ${call})(${[space, ...written].join(', ')})`;
}

/**
 * The expression that lets work end early, at the next place where it can be left without a trace. Evaluated without a
 * frame while the stopped one is busy: debugpy does that in a thread of its own.
 */
export const giveUpExpression = (ticket: string): string =>
  `(lambda work: setattr(work, "given_up", True) if getattr(work, "ticket", None) == ${literal(ticket)} else None)` +
  `(__import__("sys").modules.get("__model_prism_work__"))`;

/**
 * Reads what a program answered.
 *
 * @param expression what was asked about
 * @throws PrismError of the program's own codes; VARIABLE_GONE and EVALUATION_FAILED where the expression itself failed,
 *   DEBUGGEE_ANSWER when the text is none of the programs' answers
 */
export function readReply<Header>(expression: string, result: string): Reply<Header> {
  const text = result.replace(/^['"]|['"]$/g, '');
  const bytes = Buffer.from(text, 'base64');
  const size = bytes.length >= 4 ? bytes.readUInt32LE(0) : Number.POSITIVE_INFINITY;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || 4 + size > bytes.length) {
    // Some adapters give what was raised as the value.
    if (raised.test(result)) throw evaluationFailure(expression, result);
    throw new PrismError('DEBUGGEE_ANSWER', `the debug adapter answered something else: ${result.slice(0, 200)}`);
  }
  const header = JSON.parse(bytes.toString('utf8', 4, 4 + size)) as Header & { readonly error?: RemoteError };
  if (header.error) throw new PrismError(header.error.code, header.error.message);
  return { header, payload: Uint8Array.from(bytes.subarray(4 + size)) };
}

const raised = /^\s*Traceback \(|\b\w+(Error|Exception|Interrupt|Exit)\b/;

/** How a kernel's answer is told from what its cells put out. */
export const answerType = 'application/vnd.model-prism.answer';

/**
 * The statement that runs a function of the given sources in the kernel of a notebook, and puts out its answer. It gives
 * nothing a name there, and has no value that the kernel would remember.
 */
export function kernelCode({ ticket, source, work, args }: Call): string {
  const space = `(lambda names: (exec(${literal(source)}, names), names)[1])({"__name__": "model_prism"})`;
  const given = `__import__("json").loads(${literal(JSON.stringify(args))})`;
  const asked = `(lambda names, own, given: names["ask"](${literal(ticket)}, names[${literal(work)}], own, given))`;
  const answer = `${asked}(${space}, globals(), ${given})`;
  return `__import__("IPython.display").display.display({${literal(answerType)}: ${answer}}, raw=True)`;
}

/** A failure of the expression itself: the variable is not there. */
const notThere = /\b(NameError|UnboundLocalError|AttributeError|KeyError|IndexError)\b/;

/** What a refused request, or an exception in place of a value, means. */
export function evaluationFailure(expression: string, error: unknown): PrismError {
  const message = error instanceof Error ? error.message : String(error);
  const last = message.trim().split('\n').at(-1) ?? message;
  if (notThere.test(message)) {
    return new PrismError('VARIABLE_GONE', `${expression} is not there at this stop: ${last}`, {}, { cause: error });
  }
  return new PrismError('EVALUATION_FAILED', `${expression} could not be evaluated: ${last}`, {}, { cause: error });
}

/** A name, its members and plain indices: nothing in it is called. */
const place =
  /[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*|\[(?:-?\d+|'[^'\\]*'|"[^"\\]*"|[\p{L}_][\p{L}\p{N}_]*)\])*/gu;

const keywords = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);

/**
 * The variable at a column of a line of Python, up to the part that the column is in: in `self.model.fc` at `model`,
 * `self.model`. Undefined at a keyword, in a comment or in a plain string.
 */
export function expressionAt(line: string, column: number): { text: string; start: number; end: number } | undefined {
  if (insideText(line, column)) return undefined;
  for (const match of line.matchAll(place)) {
    const start = match.index;
    if (column < start || column > start + match[0].length) continue;
    const rest = /[.[]/g;
    rest.lastIndex = Math.max(0, column - start);
    const stop = rest.exec(match[0])?.index ?? match[0].length;
    const text = match[0].slice(0, balanced(match[0], stop));
    return keywords.has(text) ? undefined : { text, start, end: start + text.length };
  }
  return undefined;
}

/** An end that does not cut an index in two. */
function balanced(text: string, stop: number): number {
  const open = text.lastIndexOf('[', stop - 1);
  const close = text.indexOf(']', open);
  return open >= 0 && close >= stop ? close + 1 : stop;
}

function insideText(line: string, column: number): boolean {
  let quote = '';
  for (let i = 0; i < column; i++) {
    const character = line[i];
    if (quote && character === '\\') i++;
    else if (quote) quote = character === quote ? '' : quote;
    else if (character === '#') return true;
    else if (character === '"' || character === "'") quote = character;
  }
  return quote !== '' && !/\[['"][^\]]*$/.test(line.slice(0, column));
}
