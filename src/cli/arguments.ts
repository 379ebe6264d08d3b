import { InvalidArgumentError } from 'commander';
import { PROVIDER_WISHES } from '../engine/provider';

/** Readers of arguments: each takes what was typed, and what was typed before where an option may be repeated. */

const separated = (text: string, form: string): [string, string] => {
  const at = text.indexOf('=');
  if (at <= 0) throw new InvalidArgumentError(`write ${form}`);
  return [text.slice(0, at), text.slice(at + 1)];
};

/** `KEY=VALUE`, repeated. */
export function keyValue(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [key, value] = separated(text, 'KEY=VALUE');
  return { ...before, [key]: value };
}

/** `NAME=FILE.npy`, repeated. */
export function namedFile(text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const [name, file] = separated(text, 'NAME=FILE.npy');
  if (!/\.npy$/i.test(file)) throw new InvalidArgumentError(`${file} is no .npy file; write NAME=FILE.npy`);
  return new Map([...before, [name, file]]);
}

/** `VALUE@Y,X`. */
export function pfv(text: string): { value: string; y: number; x: number } {
  const match = /^(.+)@(\d+),(\d+)$/.exec(text);
  if (!match) throw new InvalidArgumentError('write VALUE@Y,X, e.g. /layer4/Relu_output_0@3,4');
  return { value: match[1], y: Number(match[2]), x: Number(match[3]) };
}

export function provider(text: string): string {
  if ((PROVIDER_WISHES as readonly string[]).includes(text)) return text;
  throw new InvalidArgumentError(`choose one of ${PROVIDER_WISHES.join(', ')}`);
}

/** A whole number of at least 1. */
export function count(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('write a whole number of at least 1');
  return Number(text);
}

/** A place, counted from 0, or `all`. */
export function place(text: string): number | 'all' {
  if (text === 'all') return text;
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('write the place of a token, 0 being the first, or all');
  return Number(text);
}

/** A file name, repeated. */
export const files = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** Identifiers separated by commas, repeated. */
export function identifiers(text: string, before: readonly string[] = []): readonly string[] {
  const found = text.split(',').map((id) => id.trim());
  if (found.some((id) => id === '')) throw new InvalidArgumentError('write identifiers separated by commas');
  return [...before, ...found];
}
