import type { ScalarMap } from '../../src/protocol';
import type { PfvChannels, PfvHostApi, PfvPlace, PfvSource, PfvSources } from '../../src/protocol/pfv';
import type { Client } from '../../src/rpc';
import { Latest } from './latest';
import { AlikeSearch, type Found } from './pfv-alike';

/** How many sources are listed and drawn. */
const mostSources = 12;
/** How many channels of each kind are listed. */
const mostChannels = 10;

/** The map of one channel of a layer. */
export interface ChannelActivation {
  readonly layer: string;
  readonly channel: number;
  readonly map: ScalarMap;
}

const samePlace = (a: PfvPlace | undefined, b: PfvPlace | undefined): boolean =>
  a?.layer === b?.layer && a?.x === b?.x && a?.y === b?.y;

/** What is known of the PFV that is looked at: what it is made of, and, when it is pinned, its channels. */
export class PfvModel {
  /** Those of the last PFV stay until those of the next are there. */
  sources: PfvSources | undefined;
  channels: PfvChannels | undefined;
  /** A channel that is looked at instead of the receptive field. */
  activation: ChannelActivation | undefined;
  /** The source that is pointed at. */
  marked: PfvSource | undefined;
  /** PFVs of other images that look like the pinned one. */
  readonly alike: AlikeSearch;

  /** What is looked at now. */
  #place: PfvPlace | undefined;
  #layer: string | undefined;
  #pinned: PfvPlace | undefined;
  /** The layer whose sources are drawn, where the person has chosen one. */
  #from: string | undefined;
  readonly #sources: Latest<PfvPlace, PfvSources>;
  readonly #channels: Latest<PfvPlace, PfvChannels>;
  readonly #activation: Latest<{ layer: string; channel: number }, ScalarMap>;

  /**
   * @param changed after anything here did
   * @param failed with the reason that there is no answer
   */
  constructor(
    private readonly host: Client<PfvHostApi>,
    private readonly changed: () => void,
    private readonly failed: (reason: unknown) => void,
  ) {
    this.alike = new AlikeSearch(host, changed);
    this.#sources = new Latest(
      (place) => host.pfvSources({ ...place, count: mostSources }),
      (_place, sources) => this.#came({ sources }),
      (_place, reason) => failed(reason),
    );
    this.#channels = new Latest(
      (place) => host.pfvChannels({ ...place, count: mostChannels }),
      (_place, channels) => this.#came({ channels }),
      (_place, reason) => failed(reason),
    );
    this.#activation = new Latest(
      (asked) => host.channelMap(asked),
      (asked, map) => this.#came({ activation: { ...asked, map } }),
      (_asked, reason) => failed(reason),
    );
  }

  /** The layer that is shown beside that of the PFV: the one chosen, else the one that gives most. */
  get from(): string | undefined {
    const layers = this.sources?.layers ?? [];
    return (layers.find(({ layer }) => layer === this.#from) ?? layers[0])?.layer;
  }

  /** The sources in that layer of the PFV that is looked at. */
  get drawn(): readonly PfvSource[] {
    const { from } = this;
    if (this.#place === undefined) return [];
    return (this.sources?.sources ?? []).filter(({ layer }) => layer === from);
  }

  /** Looks at a PFV that is pinned or pointed at, or at none; what was known of the layer's stays until then. */
  follow(place: PfvPlace | undefined, pinned: boolean): void {
    if (place === undefined) {
      this.#sources.drop();
      this.#place = undefined;
      this.marked = undefined;
      this.#unpin();
      return;
    }
    if (place.layer !== this.#layer) this.leave();
    this.#layer = place.layer;
    if (!samePlace(place, this.#place)) {
      this.marked = undefined;
      this.#place = place;
      this.#sources.request(place);
    }
    if (!pinned) this.#unpin();
    else if (!samePlace(place, this.#pinned)) {
      this.alike.clear();
      this.#channels.request(place);
    }
    if (pinned) this.#pinned = place;
  }

  /** The layer is left, or another explanation has come: all is forgotten. */
  leave(): void {
    this.follow(undefined, false);
    this.#layer = undefined;
    this.#from = undefined;
    this.sources = undefined;
    this.channels = undefined;
  }

  chooseLayer(layer: string): void {
    this.#from = layer;
    this.marked = undefined;
    this.changed();
  }

  /** Points at a source. */
  mark(source: PfvSource | undefined): void {
    if (source === this.marked) return;
    this.marked = source;
    this.changed();
  }

  /** Points at the next source of the layer on show, or at one further by some. */
  markNext(by: number): PfvSource | undefined {
    const { drawn } = this;
    if (drawn.length === 0) return undefined;
    const now = this.marked ? drawn.indexOf(this.marked) : by > 0 ? -1 : drawn.length;
    const next = drawn[Math.max(0, Math.min(drawn.length - 1, now + by))];
    this.mark(next);
    return next;
  }

  /** Shows a channel's activation, or hides it. */
  showChannel(channel: number | undefined): void {
    const layer = this.#layer;
    this.#activation.drop();
    if (layer !== undefined && channel !== undefined && channel !== this.activation?.channel) {
      this.#activation.request({ layer, channel });
      return;
    }
    this.activation = undefined;
    this.changed();
  }

  /** Looks for PFVs of other images that look like the pinned one. */
  async lookAlike(folder: 'own' | 'chosen'): Promise<void> {
    if (this.#pinned === undefined) return;
    try {
      await this.alike.start(this.#pinned, folder);
    } catch (reason) {
      this.failed(reason);
    }
  }

  /** Explains the image of a PFV that was found, and looks at that. */
  async openAlike({ image, x, y }: Found): Promise<void> {
    const { place } = this.alike.now ?? {};
    if (place === undefined) return;
    try {
      await this.host.openAlike({ image, layer: place.layer, x, y });
    } catch (reason) {
      this.failed(reason);
    }
  }

  /** Channels are those of a PFV that stays. */
  #unpin(): void {
    this.#channels.drop();
    this.#activation.drop();
    this.alike.clear();
    this.#pinned = undefined;
    this.activation = undefined;
  }

  #came(change: Partial<Pick<PfvModel, 'sources' | 'channels' | 'activation'>>): void {
    Object.assign(this, change);
    this.changed();
  }
}
