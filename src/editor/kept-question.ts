import type { PanelQuestion } from '../protocol/panel';

/** Whether something that was kept is a question that can be asked. */
export function isQuestion(kept: unknown): kept is PanelQuestion {
  if (typeof kept !== 'object' || kept === null) return false;
  const { model, image, text, textFile, row, method } = kept as Partial<Record<keyof PanelQuestion, unknown>>;
  const isText = (part: unknown): boolean => typeof part === 'string';
  return [model, method].every(isText) && [image, text, textFile, row].some(isText);
}

/** The question that a webview has kept for the host; undefined when it has kept none that makes sense. */
export function keptQuestion(state: unknown): PanelQuestion | undefined {
  if (typeof state !== 'object' || state === null || !('question' in state)) return undefined;
  const { question } = state;
  if (!isQuestion(question)) return undefined;
  const { compare, classes, ...rest } = question;
  const methods = Array.isArray(compare) ? compare.filter((method) => typeof method === 'string') : [];
  if (methods.length === 0) return rest;
  const more = Array.isArray(classes) ? classes.filter((one) => ['number', 'string'].includes(typeof one)) : [];
  return { ...rest, compare: methods, ...(more.length > 1 && { classes: more }) };
}
