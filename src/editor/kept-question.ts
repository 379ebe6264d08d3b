import type { PanelQuestion } from '../protocol';

/** The question that a webview has kept for the host; undefined when it has kept none that makes sense. */
export function keptQuestion(state: unknown): PanelQuestion | undefined {
  if (typeof state !== 'object' || state === null || !('question' in state)) return undefined;
  const question = state.question as Partial<Record<keyof PanelQuestion, unknown>> | null;
  const { model, image, method } = question ?? {};
  const complete = [model, image, method].every((part) => typeof part === 'string');
  if (!complete) return undefined;
  const { compare, ...rest } = question as PanelQuestion;
  const methods = Array.isArray(compare) ? compare.filter((method) => typeof method === 'string') : [];
  return methods.length > 0 ? { ...rest, compare: methods } : rest;
}
