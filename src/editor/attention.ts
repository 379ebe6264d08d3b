import * as vscode from 'vscode';
import type { AttentionContent, AttentionHostApi, AttentionState, AttentionViewApi } from '../protocol/attention';
import type { FollowedSubject } from '../protocol/view';
import { Follower, type FollowerRooms, OneFollower } from './follower';

/** The view of attention: the weights of the explained model, head by head. */
export const attentionView = (rooms: FollowerRooms): OneFollower<AttentionState> =>
  new OneFollower(
    rooms.panels,
    () => follower(rooms),
    () => vscode.l10n.t('Explain something first; the attention of its model can then be shown.'),
  );

function follower(rooms: FollowerRooms) {
  const { engine, log } = rooms;
  return new Follower<AttentionHostApi, AttentionViewApi, FollowedSubject, AttentionContent>(rooms, {
    viewType: 'modelPrism.attention',
    script: 'attention',
    title: vscode.l10n.t('Attention'),
    titled: (input) => vscode.l10n.t('Attention: {0}', input),
    subject: (followed) => followed,
    read: async ({ id, model, text, photograph }, run) => {
      const attentions = await engine.api.attentions({ explanation: id }, run);
      log.info(`attention of ${model.name}: ${attentions.layers.length} layers`);
      return { explanation: id, attentions, ...(text && { text }), ...(photograph && { photograph }) };
    },
    deliver: (api, content) => api.attentions(content),
    update: (api, state) => api.update(state),
    host: (common, shown) => ({
      ...common,
      heads: async (params, { signal }) =>
        engine.api.attentionHeads({ explanation: shown(), ...params }, { cancel: signal }),
      head: async (params, { signal }) =>
        engine.api.attentionHead({ explanation: shown(), ...params }, { cancel: signal }),
    }),
  });
}
