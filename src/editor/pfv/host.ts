import type { PfvHostApi } from '../../protocol/pfv';
import type { ServiceApi } from '../../protocol/service';
import type { CallContext, Client, Implementation } from '../../rpc';

/** What asking about single PFVs needs of a panel. */
interface PfvDesk {
  ask<R>(context: CallContext, question: (api: Client<ServiceApi>, explanation: string) => Promise<R>): Promise<R>;
}

/** Answers what the webview asks about the PFV that is looked at. */
export function pfvHost(desk: PfvDesk): Implementation<PfvHostApi> {
  return {
    pfvSources: (params, context) =>
      desk.ask(context, (api, explanation) => api.pfvSources({ explanation, ...params }, { cancel: context.signal })),
    pfvChannels: (params, context) =>
      desk.ask(context, (api, explanation) => api.pfvChannels({ explanation, ...params }, { cancel: context.signal })),
    channelMap: (params, context) =>
      desk.ask(context, (api, explanation) => api.channelMap({ explanation, ...params }, { cancel: context.signal })),
  };
}
