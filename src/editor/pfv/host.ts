import { PrismError } from '../../graph/errors';
import type { Explanation } from '../../protocol';
import type { PanelQuestion } from '../../protocol/panel';
import type { PfvHostApi, PfvPlace, PfvQuery } from '../../protocol/pfv';
import type { ServiceApi } from '../../protocol/service';
import type { CallContext, Client, Implementation } from '../../rpc';
import type { LinkedState } from '../state-link';
import type { AlikeSearches } from './alike';

/** What asking about single PFVs needs of a panel. */
interface PfvDesk {
  readonly rooms: { readonly alike: AlikeSearches };
  readonly question: PanelQuestion | undefined;
  readonly explanation: Explanation | undefined;
  ask<R>(context: CallContext, question: (api: Client<ServiceApi>, explanation: string) => Promise<R>): Promise<R>;
  open(state: LinkedState): Promise<void>;
}

/** Answers what the webview asks about the PFV that is looked at. */
export function pfvHost(desk: PfvDesk): Implementation<PfvHostApi> {
  let last: { readonly key: string; readonly query: Promise<PfvQuery> } | undefined;

  /** A search asks of one place for every image. */
  const queryOf = (context: CallContext, { layer, x, y }: PfvPlace): Promise<PfvQuery> => {
    const key = JSON.stringify([desk.explanation?.id, layer, x, y]);
    if (last?.key === key) return last.query;
    const query = desk.ask(context, (api, explanation) => api.pfvQuery({ explanation, layer, x, y }));
    last = { key, query };
    query.catch(() => {
      if (last?.query === query) last = undefined;
    });
    return query;
  };

  const image = (): string => {
    const { image } = desk.question ?? {};
    if (image !== undefined) return image;
    throw new PrismError('NOTHING_EXPLAINED', 'feature vectors are looked for in images only');
  };

  return {
    pfvSources: (params, context) =>
      desk.ask(context, (api, explanation) => api.pfvSources({ explanation, ...params }, { cancel: context.signal })),
    pfvChannels: (params, context) =>
      desk.ask(context, (api, explanation) => api.pfvChannels({ explanation, ...params }, { cancel: context.signal })),
    channelMap: (params, context) =>
      desk.ask(context, (api, explanation) => api.channelMap({ explanation, ...params }, { cancel: context.signal })),
    alikeImages: ({ folder }) => desk.rooms.alike.images(image(), folder),
    alikeIn: async ({ image: other, count, floor, ...place }, context) => {
      const query = await queryOf(context, place);
      const except = other === image() ? { except: { x: place.x, y: place.y } } : {};
      return desk.rooms.alike.lookIn(query, { image: other, count, floor, ...except }, context.signal);
    },
    openAlike: async ({ image: other, layer, x, y }) => {
      const { question } = desk;
      if (!question) return;
      const { model, method, options } = question;
      const asked = { model, method, image: other, ...(options && { options }) };
      // Of the image that is explained already only another vector is looked at.
      const again = other === question.image ? question : asked;
      void desk.open({ question: again, look: { layer, pinned: { x, y } } });
    },
  };
}
