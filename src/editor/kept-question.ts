import type { ExplainParams } from '../protocol';

/** The question that a webview has kept for the host; undefined when it has kept none that makes sense. */
export function keptQuestion(state: unknown): ExplainParams | undefined {
  if (typeof state !== 'object' || state === null || !('question' in state)) return undefined;
  const question = state.question as Partial<Record<keyof ExplainParams, unknown>> | null;
  const { model, image, method } = question ?? {};
  const complete = [model, image, method].every((part) => typeof part === 'string');
  return complete ? (question as ExplainParams) : undefined;
}
