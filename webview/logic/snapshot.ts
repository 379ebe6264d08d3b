import type { PanelState } from '../../src/protocol/panel';

/** A photograph that the panel has is not sent again. */
function withPhotograph(state: PanelState, before: PanelState | undefined): PanelState {
  const { explanation } = state;
  const known = before?.explanation?.photograph?.encoded;
  const photograph = explanation?.photograph;
  if (!photograph || !known || photograph.encoded.length > 0) return state;
  return { ...state, explanation: { ...explanation, photograph: { ...photograph, encoded: known } } };
}

/** What was sent, completed by what the panel has: what is the same stays the same object. */
export function completed(sent: PanelState, before: PanelState | undefined): PanelState {
  const state = withPhotograph(sent, before);
  // The same explanation comes again with every report of progress; its maps need not be painted again.
  const same = before?.explanation !== undefined && before.explanation.id === state.explanation?.id;
  return same ? { ...state, explanation: before.explanation! } : state;
}

export const sameContent = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
