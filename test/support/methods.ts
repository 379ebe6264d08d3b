import { join, resolve } from 'node:path';
import { completeOptions } from '../../src/engine/options';
import { methodById } from '../../src/methods/index';
import type { Attribution, OptionValue, Runtime, Subject } from '../../src/methods/method';

/** Explains by a method with its defaults and the options given. */
export function explainBy(
  id: string,
  subject: Subject,
  runtime: Runtime,
  options: Readonly<Record<string, OptionValue>> = {},
): Promise<Attribution> {
  const method = methodById(id);
  return method.explain(subject, completeOptions(method.info, options), runtime);
}

/** The path of a file of a golden case. */
export const caseFile = (name: string, file: string): string => join(resolve(__dirname, '../cases/golden'), name, file);
