import type { PanelQuestion } from '../protocol/panel';

/** The question that a webview has kept for the host; undefined when it has kept none that makes sense. */
export function keptQuestion(state: unknown): PanelQuestion | undefined {
  if (typeof state !== 'object' || state === null || !('question' in state)) return undefined;
  const question = state.question as Partial<Record<keyof PanelQuestion, unknown>> | null;
  const { model, image, text, textFile, row, method } = question ?? {};
  const isText = (part: unknown): boolean => typeof part === 'string';
  const complete = [model, method].every(isText) && [image, text, textFile, row].some(isText);
  if (!complete) return undefined;
  const { compare, ...rest } = question as PanelQuestion;
  const methods = Array.isArray(compare) ? compare.filter((method) => typeof method === 'string') : [];
  return methods.length > 0 ? { ...rest, compare: methods } : rest;
}
