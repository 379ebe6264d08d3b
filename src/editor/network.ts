import * as vscode from 'vscode';
import type { Network } from '../protocol/flow';
import type { NetworkApi, NetworkHostApi, NetworkState, NetworkSubject } from '../protocol/network';
import { commands } from './contributions';
import { Follower, type FollowerRooms, OneFollower } from './follower';

/** The network view: the explained model as a flow of relevance. */
export const networkView = (rooms: FollowerRooms): OneFollower<NetworkState> =>
  new OneFollower(
    rooms.panels,
    () => follower(rooms),
    () => vscode.l10n.t('Explain something first; its network can then be shown.'),
  );

function follower(rooms: FollowerRooms) {
  const { engine, panels, log } = rooms;
  return new Follower<NetworkHostApi, NetworkApi, NetworkSubject, Network>(rooms, {
    viewType: 'modelPrism.network',
    script: 'network',
    title: vscode.l10n.t('Network'),
    titled: (input) => vscode.l10n.t('Network of {0}', input),
    subject: (followed, { text }) => ({ ...followed, ...(text && { text }) }),
    read: async ({ id, model }, run) => {
      const network = await engine.api.network({ explanation: id }, run);
      log.info(`network of ${model.name}: ${network.nodes.length} nodes, ${network.groups.length} modules`);
      return network;
    },
    deliver: (api, network, explanation) => api.network({ explanation, network }),
    update: (api, state) => api.update(state),
    host: (common, shown) => ({
      ...common,
      valueMap: async (params, { signal }) =>
        engine.api.valueMap({ explanation: shown(), ...params }, { cancel: signal }),
      openLayer: async ({ layer }) => {
        const { current } = panels;
        if (current?.explanation?.layers.some(({ id }) => id === layer)) current.openLayer(layer);
      },
      goToCode: async ({ value }) => {
        await vscode.commands.executeCommand(commands.goToCode, value);
      },
    }),
  });
}
