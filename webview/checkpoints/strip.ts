import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { ScalarMap } from '../../src/protocol';
import type { CheckpointCell, CheckpointState, PinnedImage } from '../../src/protocol/checkpoints';
import { PrismElement } from '../elements/element';
import { icon } from '../elements/icon';
import '../elements/map';
import { type CheckpointModel, describe, type Place, samePlace } from '../logic/checkpoints';
import { difference } from '../logic/difference';
import { translator } from '../logic/l10n';
import { number } from '../logic/numbers';
import { checkpointStyles } from './styles';

/** Checkpoints from left to right, pinned images from top to bottom, and two of one image side by side. */
@customElement('prism-checkpoints')
export class Checkpoints extends PrismElement {
  static override styles = [...PrismElement.styles, checkpointStyles];

  @property({ attribute: false }) model: CheckpointModel | undefined;

  /** Counts the changes of the model, which keeps its identity. */
  @state() private version = 0;

  @query('.strip') private strip!: HTMLElement | null;

  #steps = 0;

  refresh(): void {
    this.t = translator(this.model?.state?.l10n ?? {});
    this.version++;
  }

  protected override updated(_changed: PropertyValues): void {
    const steps = this.model?.state?.steps.length ?? 0;
    // The newest is what one waits for.
    if (steps > this.#steps) this.strip?.scrollTo({ left: this.strip.scrollWidth });
    this.#steps = steps;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model } = this;
    const known = model?.state;
    if (!model || !known) return nothing;
    if (known.images.length === 0) return this.#empty(model);
    return html`
      <div class="strip" data-version=${this.version}>${this.#table(model, known)}</div>
      ${model.selected ? this.#detail(model, known, model.selected) : nothing}
    `;
  }

  #empty(model: CheckpointModel): TemplateResult {
    const { t } = this;
    return html`<div class="empty">
      <p>
        ${t(
          'Pin images to watch a training: whenever the model is written, they are explained again, and this view shows what changed.',
        )}
      </p>
      <button class="link" @click=${model.pin}>${t('Pin Image…')}</button>
    </div>`;
  }

  #table(model: CheckpointModel, { images, steps, watched, method }: CheckpointState): TemplateResult {
    const { t } = this;
    return html`<table aria-label=${t('Pinned images by checkpoint')}>
      <thead>
        <tr>
          <th class="quiet" scope="col" title=${t('{0} of {1}', method, watched)}>
            <div class="ellipsis">${watched}</div>
          </th>
          ${repeat(
            steps,
            ({ id }) => id,
            ({ name, path }) => html`<th scope="col" title=${path}>${name}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${repeat(
          images,
          ({ path }) => path,
          (image) => html`<tr data-image=${image.name}>
            <th scope="row">${this.#image(model, image)}</th>
            ${repeat(
              steps,
              ({ id }) => id,
              ({ id, name, cells }) => html`<td>
                ${
                  cells[image.path]
                    ? this.#cell(model, { step: id, image: image.path }, cells[image.path]!, `${image.name}, ${name}`)
                    : nothing
                }
              </td>`,
            )}
          </tr>`,
        )}
      </tbody>
    </table>`;
  }

  #image(model: CheckpointModel, { path, name, source }: PinnedImage): TemplateResult {
    const label = this.t('Unpin {0}', name);
    return html`<div class="image" title=${path}>
      ${source ? html`<img src=${source} alt="" />` : nothing}
      <span class="ellipsis">${name}</span>
      <button class="tool" title=${label} aria-label=${label} @click=${() => model.unpin(path)}>${icon('close')}</button>
    </div>`;
  }

  #cell(model: CheckpointModel, place: Place, cell: CheckpointCell, label: string): TemplateResult {
    const { t } = this;
    const said = describe(cell, t);
    const map = model.map(place);
    const { target, change, status } = cell;
    const kinds = [
      change?.otherReason ? 'otherReason' : '',
      samePlace(place, model.reference) ? 'reference' : '',
      status,
    ];
    return html`<button
      class="cell ${kinds.join(' ')}"
      aria-pressed=${samePlace(place, model.selected)}
      aria-label="${label}: ${said}"
      title="${said}
${t('Click to look, Shift+click to compare with, double-click to explain in the panel')}"
      @click=${(event: MouseEvent) => model.select(place, event.shiftKey)}
      @dblclick=${() => model.open(place)}
    >
      ${
        map
          ? html`<prism-map .map=${map} ?signed=${model.state?.signed}></prism-map>`
          : html`<span class="blank ${status === 'failed' ? 'failed' : 'quiet'}">
            ${status === 'failed' ? icon('error') : status === 'working' ? t('explaining…') : ''}
          </span>`
      }
      ${
        target
          ? html`<span class="ellipsis">${change?.otherReason ? html`<span class="mark">${icon('warning')}</span>` : nothing}
              ${target.label}</span
            >
            <span class="quiet number">${number(target.score)}${correlation(change?.maps)}</span>`
          : nothing
      }
    </button>`;
  }

  #detail(model: CheckpointModel, known: CheckpointState, selected: Place): TemplateResult {
    const { t } = this;
    const { reference } = model;
    const cell = model.compared;
    const now = model.map(selected);
    const before = reference && model.map(reference);
    const changed = now && before && difference(before, now);
    const name = (place: Place): string => known.steps.find(({ id }) => id === place.step)?.name ?? '';
    return html`<aside aria-label=${t('Comparison of two checkpoints')}>
      <div role="status">${cell ? describe(cell, t) : ''}</div>
      <div class="maps">
        ${reference ? this.#figure(before, name(reference), known.signed) : nothing}
        ${this.#figure(now, name(selected), known.signed)}
        ${changed ? this.#figure(changed, t('Difference'), true) : nothing}
      </div>
      <button class="link" @click=${() => model.open(selected)}>${t('Explain in the panel')}</button>
    </aside>`;
  }

  #figure(map: ScalarMap | undefined, caption: string, signed: boolean): TemplateResult {
    return html`<figure>
      <prism-map .map=${map} ?signed=${signed}></prism-map>
      <figcaption class="ellipsis">${caption}</figcaption>
    </figure>`;
  }
}

const correlation = (maps: { readonly correlation: number | null } | null | undefined): string =>
  maps && maps.correlation !== null ? ` · ρ ${number(maps.correlation, 2)}` : '';
