import type { MethodSummary } from '../../src/protocol';
import type { HostApi, OtherMap, PanelState } from '../../src/protocol/panel';
import type { Client } from '../../src/rpc';
import { Flicker, type Flickered, type FlickerWith, type Repeat } from './flicker';
import type { Translate } from './l10n';
import type { LayerMaps } from './layer-maps';
import { historyBefore } from './steps';

/** What the panel knows, as far as two pictures in turns depend on it. */
interface Knowing {
  readonly state: PanelState | undefined;
  readonly comparedMaps: LayerMaps;
  readonly t: Translate;
}

/** Something to alternate with, and what it is called. */
interface Alternative {
  readonly id: FlickerWith;
  readonly title: string;
}

/** The picture on show in turns with another one of the same photograph. */
export class Alternating {
  readonly flicker: Flicker;
  #before: OtherMap | undefined;

  constructor(
    private readonly host: Pick<Client<HostApi>, 'before'>,
    private readonly known: Knowing,
    changed: () => void,
    private readonly failed: (reason: unknown) => void,
    repeat?: Repeat,
  ) {
    this.flicker = new Flicker(changed, repeat);
  }

  /** What one may choose from. */
  get alternatives(): readonly Alternative[] {
    const { state, t } = this.known;
    const before = historyBefore(state);
    const compared = state?.comparison?.methods ?? [];
    const others = compared.filter(({ status, result }) => status === 'ready' && result?.id !== state?.explanation?.id);
    return [
      { id: 'photograph', title: t('Photograph') },
      ...(before ? [{ id: 'before', title: before.title } as const] : []),
      ...others.map(({ method, column, result }): Alternative => {
        const title = this.#method(method)?.title ?? method;
        const several = (state?.comparison?.columns.length ?? 0) > 1;
        return { id: `method:${column}:${method}`, title: several ? `${title} · ${result?.target.label}` : title };
      }),
    ];
  }

  /** The picture that stands in for the one on show; undefined while that one is shown, or the other is not there yet. */
  get shown(): Flickered | undefined {
    const { flicker } = this;
    return flicker.other && flicker.with ? this.#other(flicker.with) : undefined;
  }

  /** Alternates with something, fetching it when need be. */
  async begin(other: FlickerWith): Promise<void> {
    this.flicker.begin(other);
    if (other !== 'before' || this.#before) return;
    try {
      this.#before = (await this.host.before({})) ?? undefined;
    } catch (reason) {
      this.flicker.end();
      this.failed(reason);
    }
  }

  /** Another explanation is shown: what alternated with the last one does not belong to it. */
  forget(): void {
    this.#before = undefined;
    this.flicker.end();
  }

  #other(id: FlickerWith): Flickered | undefined {
    if (id === 'photograph') return { kind: 'photograph', title: this.known.t('Photograph') };
    if (id === 'before') return this.#before && { kind: 'map', ...this.#before };
    const { state, comparedMaps } = this.known;
    const [, column, name = ''] = /^method:(\d+):(.*)$/.exec(id) ?? [];
    const cell = state?.comparison?.methods.find((one) => one.method === name && one.column === Number(column));
    const viewport = state?.explanation?.photograph?.viewport;
    if (!cell?.result || !viewport) return undefined;
    comparedMaps.want(cell.result.id);
    const map = comparedMaps.get(cell.result.id);
    const method = this.#method(name);
    return map && { kind: 'map', title: method?.title ?? name, map, signed: method?.signed ?? true, viewport };
  }

  #method(name: string): MethodSummary | undefined {
    return this.known.state?.methods.find(({ id }) => id === name);
  }
}
