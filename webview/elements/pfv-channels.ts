import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, queryAll, state } from 'lit/decorators.js';
import type { PfvChannel, PfvChannels } from '../../src/protocol/pfv';
import { signed } from '../logic/numbers';
import { PrismElement } from './element';
import { isActivation, moveFocus } from './roving';
import { select } from './select';
import { listStyles, partStyles } from './styles';

declare module './element' {
  interface PrismEvents {
    'channel-choose': number;
  }
}

type Order = 'contribution' | 'value';

/** The channels of the pinned PFV that stand out; choosing one shows where it is active. */
@customElement('prism-pfv-channels')
export class PfvChannelList extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    listStyles,
    partStyles,
    css`
      .choice vscode-single-select {
        width: 100%;
      }

      .why {
        padding: 0 8px 4px;
      }
    `,
  ];

  @property({ attribute: false }) channels: PfvChannels | undefined;
  /** The class that contributions are to. */
  @property() target = '';
  /** The channel whose activation is on show. */
  @property({ attribute: false }) shown: number | undefined;

  @state() private order: Order = 'contribution';

  @queryAll('[role="option"]') private rows!: NodeListOf<HTMLElement>;

  protected override render(): TemplateResult | typeof nothing {
    const { channels, t } = this;
    if (channels === undefined) return nothing;
    const { contributing, largest, missing } = channels;
    const order = contributing ? this.order : 'value';
    const parts = (order === 'contribution' && contributing) || largest;
    const size = (part: PfvChannel): number => (order === 'contribution' ? (part.contribution ?? 0) : part.value);
    const most = Math.max(...parts.map((part) => Math.abs(size(part))), 0);
    const choices = [
      {
        value: 'contribution',
        title: t('By contribution to {0}', this.target),
        description: t('Value times the gradient of the score: what the channel contributes to first order.'),
      },
      { value: 'value', title: t('By value'), description: t('The largest components of the vector.') },
    ];
    const shown = parts.findIndex(({ channel }) => channel === this.shown);
    return html`
      ${
        contributing
          ? html`<div class="choice">
              ${select(t('Order of the channels'), order, choices, (value) => {
                this.order = value as Order;
              })}
            </div>`
          : nothing
      }
      ${missing ? html`<div class="why quiet">${t('By value only: {0}', missing.message)}</div>` : nothing}
      <div role="listbox" aria-label=${t('Channels of the PFV: choose one to see where it is active')}>
        ${parts.map((part, i) => this.#row(part, size(part), most, i === Math.max(0, shown)))}
      </div>
    `;
  }

  #row({ channel, value }: PfvChannel, size: number, most: number, reachable: boolean): TemplateResult {
    const { t } = this;
    return html`<div
      role="option"
      class="part"
      aria-selected=${channel === this.shown}
      aria-label=${t('channel {0}: {1}', channel, signed(size))}
      title=${t('value {0}', signed(value))}
      tabindex=${reachable ? 0 : -1}
      @click=${() => this.emit('channel-choose', channel)}
      @keydown=${(event: KeyboardEvent) => {
        if (moveFocus(event, [...this.rows])) return;
        if (!isActivation(event)) return;
        event.preventDefault();
        this.emit('channel-choose', channel);
      }}
    >
      <span class="number">${t('channel {0}', channel)}</span>
      <span class="bar ${size < 0 ? 'against' : ''}">
        <i .style=${`width: ${most > 0 ? (100 * Math.abs(size)) / most : 0}%`}></i>
      </span>
      <span class="value number">${signed(size)}</span>
    </div>`;
  }
}
