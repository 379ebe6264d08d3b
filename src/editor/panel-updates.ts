import type { Photograph } from '../protocol';
import type { PanelApi, PanelState } from '../protocol/panel';
import type { Client } from '../rpc';

const nothing = new Uint8Array(0);

/** The photograph is most of a snapshot, and most snapshots in a row are of the same. */
function withoutKnown(state: PanelState, known: Photograph | undefined): PanelState {
  const { explanation } = state;
  const photograph = explanation?.photograph;
  if (!photograph || photograph.path !== known?.path) return state;
  if (Buffer.compare(photograph.encoded, known.encoded) !== 0) return state;
  return { ...state, explanation: { ...explanation, photograph: { ...photograph, encoded: nothing } } };
}

/** Sends snapshots to one document of the panel, without the photograph that it has. */
export const sendSnapshots =
  (snapshot: () => PanelState) =>
  (api: Client<PanelApi>): (() => Promise<void>) => {
    let photograph: Photograph | undefined;
    return async () => {
      const state = snapshot();
      await api.update(withoutKnown(state, photograph));
      photograph = state.explanation?.photograph;
    };
  };
