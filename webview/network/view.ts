import type { ELK } from 'elkjs/lib/elk-api.js';
import { html, nothing, type PropertyValues, svg, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { RemoteError } from '../../src/protocol';
import type { Network, NetworkStream } from '../../src/protocol/flow';
import type { NetworkHostApi, NetworkState } from '../../src/protocol/network';
import { type Client, toRemoteError } from '../../src/rpc';
import { barStyles } from '../elements/bar-styles';
import { PrismElement } from '../elements/element';
import { type IconName, icon } from '../elements/icon';
import { select } from '../elements/select';
import '../elements/work';
import { translator } from '../logic/l10n';
import { number } from '../logic/numbers';
import './canvas';
import type { NetworkCanvas } from './canvas';
import './detail';
import type { StreamMap } from './detail';
import { type Box, type Drawn, NetworkTree } from './drawn';
import { type Layout, layoutOf } from './layout';
import { type StreamLook, streamsSeen } from './streams';
import { networkStyles } from './styles';
import { about, LETTER, SMALL_LETTER } from './words';

/** A drawing with where everything lies. */
interface Picture {
  readonly drawn: Drawn;
  readonly layout: Layout;
}

const isMethodWithoutMaps = ({ code }: RemoteError): boolean =>
  code === 'METHOD_WITHOUT_LAYERS' || code === 'PFV_UNKNOWN_LAYER' || code === 'CANCELLED';

/** Whose maps are shown beside what is looked at. */
const streamsOf: Readonly<Record<StreamLook, readonly NetworkStream[]>> = {
  apart: ['positive', 'negative'],
  for: ['positive'],
  against: ['negative'],
  difference: ['both'],
};

/** The network of an explanation: what flows where, and what is behind every box. */
@customElement('prism-network')
export class NetworkView extends PrismElement {
  static override styles = [...PrismElement.styles, barStyles, networkStyles];

  @property({ attribute: false }) host: Client<NetworkHostApi> | undefined;
  @property({ attribute: false }) elk: Pick<ELK, 'layout'> | undefined;

  @state() private known: NetworkState | undefined;
  /** As it came: the tree is of what is looked at. */
  @state() private network: Network | undefined;
  @state() private tree: NetworkTree | undefined;
  @state() private open: ReadonlySet<string> = new Set();
  @state() private picture: Picture | undefined;
  @state() private chosen: string | undefined;
  @state() private maps: readonly StreamMap[] = [];
  @state() private look: StreamLook = 'apart';
  @state() private waiting = false;
  @state() private search = '';
  @state() private notice: RemoteError | undefined;

  @query('prism-network-canvas') private canvas!: NetworkCanvas | null;

  #modules = '';
  #drawing = 0;

  show(next: NetworkState): void {
    this.t = translator(next.l10n);
    this.known = next;
  }

  /** Another network has come. What is open stays open where the model is the same. */
  take(network: Network): void {
    const modules = JSON.stringify([network.groups, network.nodes.length]);
    this.network = network;
    this.tree = new NetworkTree(streamsSeen(network, this.look));
    this.maps = [];
    if (modules !== this.#modules) {
      this.open = this.tree.firstOpen();
      this.chosen = undefined;
      this.picture = undefined;
    }
    this.#modules = modules;
    void this.#draw();
    if (this.chosen !== undefined) void this.#fetchMaps(this.chosen);
  }

  #lookAt(look: StreamLook): void {
    this.look = look;
    if (this.network) this.take(this.network);
  }

  async #draw(): Promise<void> {
    const { tree, elk } = this;
    if (!tree || !elk) return;
    const drawing = ++this.#drawing;
    const drawn = tree.draw(this.open);
    try {
      const layout = await layoutOf(drawn, this.#measure, elk);
      // Another drawing may have been asked for meanwhile.
      if (drawing === this.#drawing) this.picture = { drawn, layout };
    } catch (reason) {
      this.notice = toRemoteError(reason);
    }
  }

  #pen: CanvasRenderingContext2D | undefined;

  #measure = (box: Box): number => {
    this.#pen ??= document.createElement('canvas').getContext('2d') ?? undefined;
    const pen = this.#pen;
    if (!pen) return 160;
    pen.font = `12px ${getComputedStyle(this).fontFamily}`;
    const { title, kind } = box;
    const sides = kind === 'node' ? 20 : 36;
    // No narrower than what {@link clipped} leaves whole.
    const wide = (text: string, letter: number): number =>
      Math.max((letter / LETTER) * pen.measureText(text).width, letter * text.length) + 3;
    const below = wide(about(box, this.t), SMALL_LETTER) + 50;
    const text = Math.max(wide(title, LETTER) + (title === box.about ? 50 : 0), below);
    return Math.min(240, Math.max(132, 8 * Math.ceil((text + sides) / 8)));
  };

  protected override willUpdate(changed: PropertyValues): void {
    // Boxes are as wide as their texts, and the font may come with the theme.
    if (changed.has('elk')) void this.#draw();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { known, host, t, tree } = this;
    if (!known || !host) return nothing;
    return html`
      <header>
        <div class="bar">
          <h1>${this.#headline(known)}</h1>
          ${tree ? this.#tools() : nothing}
        </div>
        ${tree ? this.#note(known, tree) : nothing}
        <prism-work
          .t=${t}
          .work=${known}
          .notice=${this.notice}
          @work-cancel=${() => host.cancel({})}
          @work-retry=${() => host.retry({})}
          @log-show=${() => host.showLog({})}
          @message-dismiss=${() => {
            this.notice = undefined;
          }}
        ></prism-work>
      </header>
      ${tree && this.picture ? this.#main(tree, this.picture) : this.#nothingYet(known)}
    `;
  }

  #headline({ subject }: NetworkState): string {
    const { t } = this;
    if (!subject) return t('Network');
    const { input, target, method, model } = subject;
    return t('{0}: {1}, score {2} · {3} · {4}', input, target.label, number(target.score), method.title, model);
  }

  /** What one must know to read it. */
  #note({ stale, subject }: NetworkState, { network }: NetworkTree): TemplateResult | typeof nothing {
    const { t } = this;
    const notes = [
      ...(stale === 'changing' ? [t('Another explanation is being made; this is the one before.')] : []),
      ...(stale === 'gone' ? [t('The explanation is not open any more.')] : []),
      ...(network.widths === 'none'
        ? [
            t(
              '{0} does not tell how much relevance goes from node to node, so all connections are drawn alike. SRD, DLBacktrace and relevance propagation do.',
              subject?.method.title ?? '',
            ),
          ]
        : []),
      ...(network.withoutContrast
        ? [t('Drawn without contrast, which adds up to nothing: the relevance of the score itself.')]
        : []),
    ];
    return notes.length > 0 ? html`<p class="quiet note">${notes.join(' ')}</p>` : nothing;
  }

  #tools(): TemplateResult {
    const { t } = this;
    const tool = (name: IconName, title: string, action: () => void): TemplateResult =>
      html`<button class="tool" title=${title} aria-label=${title} @click=${action}>${icon(name)}</button>`;
    const looks = [
      { value: 'apart', title: t('Both streams') },
      { value: 'for', title: t('Only for') },
      { value: 'against', title: t('Only against') },
      { value: 'difference', title: t('For minus against') },
    ] as const;
    return html`<div class="tools">
      ${
        this.network?.totalAgainst === undefined
          ? nothing
          : select(t('Streams of relevance'), this.look, looks, (look) => this.#lookAt(look as StreamLook))
      }
      <input
        type="search"
        placeholder=${t('Find a layer')}
        aria-label=${t('Find a layer')}
        .value=${this.search}
        @input=${(event: InputEvent) => {
          this.search = (event.target as HTMLInputElement).value;
        }}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key === 'Enter') void this.#goToFound();
        }}
      />
      ${tool('collapse-all', t('Close modules'), () => {
        this.open = this.open.size > 0 ? new Set() : (this.tree?.firstOpen() ?? new Set());
        void this.#draw().then(() => this.canvas?.fit());
      })}
      ${tool('zoom-out', t('Zoom out (-)'), () => this.canvas?.zoomBy(1 / 1.25))}
      ${tool('screen-normal', t('Fit (0)'), () => this.canvas?.fit())}
      ${tool('zoom-in', t('Zoom in (+)'), () => this.canvas?.zoomBy(1.25))}
    </div>`;
  }

  #nothingYet({ status }: NetworkState): TemplateResult | typeof nothing {
    if (status !== 'empty') return html`<div></div>`;
    return html`<p class="empty quiet">${this.t('Explain something, and its network is shown here.')}</p>`;
  }

  #main(tree: NetworkTree, { drawn, layout }: Picture): TemplateResult {
    const { t, chosen } = this;
    const { network } = tree;
    const box = drawn.boxes.find(({ id }) => id === chosen);
    return html`<main>
      <div class="drawing">
        <prism-network-canvas
          .t=${t}
          .network=${network}
          .drawn=${drawn}
          .layout=${layout}
          .chosen=${chosen}
          .found=${this.#found(tree, drawn)}
          @box-choose=${({ detail }: CustomEvent<string>) => this.#choose(detail)}
          @box-toggle=${({ detail }: CustomEvent<string>) => this.#toggle(detail)}
        ></prism-network-canvas>
        ${network.widths === 'none' ? nothing : this.#legend()}
      </div>
      <prism-network-detail
        .t=${t}
        .network=${network}
        .box=${box}
        .maps=${box ? this.maps : []}
        .text=${this.known?.subject?.text}
        .waiting=${this.waiting}
        .signed=${this.known?.subject?.method.signed ?? true}
        @layer-show=${({ detail }: CustomEvent<string>) => this.#ask((host) => host.openLayer({ layer: detail }))}
        @code-open=${({ detail }: CustomEvent<string>) => this.#ask((host) => host.goToCode({ value: detail }))}
      ></prism-network-detail>
    </main>`;
  }

  #legend(): TemplateResult {
    const { t } = this;
    const sample = (kind: string): TemplateResult =>
      html`<svg aria-hidden="true">${svg`<line class=${kind} x1="0" x2="26" y1="5" y2="5" stroke-width="8" />`}</svg>`;
    return html`<div class="legend quiet">
      <span>${sample('for')}${t('for')}</span>
      <span>${sample('against')}${t('against')}</span>
      <span>${sample('stays')}${t('stays in biases')}</span>
      <span>${t('The model computes downward; relevance goes upward.')}</span>
    </div>`;
  }

  /** What is seen of what the search has found: boxes, and closed modules with some inside. */
  #found(tree: NetworkTree, { boxes }: Drawn): ReadonlySet<string> | undefined {
    if (this.search.trim() === '') return undefined;
    const seen = new Set(boxes.map(({ id }) => id));
    return new Set(
      tree.find(this.search).flatMap((id) => {
        const here = seen.has(id) ? id : tree.around(id).findLast((module) => seen.has(module));
        return here ?? [];
      }),
    );
  }

  /** Opens whatever is around the first thing found. */
  async #goToFound(): Promise<void> {
    const { tree } = this;
    const [first] = tree?.find(this.search) ?? [];
    if (!tree || first === undefined) return;
    this.open = new Set([...this.open, ...tree.around(first)]);
    await this.#draw();
    await this.updateComplete;
    await this.canvas?.reach(first);
  }

  async #toggle(id: string): Promise<void> {
    const open = new Set(this.open);
    if (!open.delete(id)) open.add(id);
    this.open = open;
    this.canvas?.hold(id);
    const hadFocus = this.canvas?.contains(document.activeElement) ?? false;
    await this.#draw();
    await this.updateComplete;
    if (hadFocus) await this.canvas?.reach(id);
  }

  #choose(id: string): void {
    this.chosen = id;
    const box = this.picture?.drawn.boxes.find((candidate) => candidate.id === id);
    if (!box) return;
    const { layer } = box.node;
    if (layer !== undefined && box.kind !== 'output') this.#ask((host) => host.openLayer({ layer }));
    void this.#fetchMaps(id);
  }

  async #fetchMaps(id: string): Promise<void> {
    const box = this.picture?.drawn.boxes.find((candidate) => candidate.id === id);
    this.maps = [];
    this.waiting = false;
    const { host, look } = this;
    if (!box || !host || box.kind === 'output') return;
    this.waiting = true;
    const isWanted = (): boolean => this.chosen === id && this.look === look;
    const value = box.node.layer ?? box.node.id;
    const streams = this.network?.totalAgainst === undefined ? [undefined] : streamsOf[look];
    try {
      const maps = await Promise.all(
        streams.map(async (stream): Promise<StreamMap> => {
          const map = await host.valueMap({ value, ...(stream && { stream }) });
          return { map, ...(stream && { stream }) };
        }),
      );
      if (isWanted()) this.maps = maps;
    } catch (reason) {
      const error = toRemoteError(reason);
      if (isWanted() && !isMethodWithoutMaps(error)) this.notice = error;
    }
    if (isWanted()) this.waiting = false;
  }

  #ask(question: (host: Client<NetworkHostApi>) => Promise<void>): void {
    if (!this.host) return;
    question(this.host).catch((reason: unknown) => {
      this.notice = toRemoteError(reason);
    });
  }
}
