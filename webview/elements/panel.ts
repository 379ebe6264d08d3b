import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Explanation, Where } from '../../src/protocol';
import { type ColourMap, colourMap } from '../logic/colour-maps';
import { conservationText } from '../logic/conservation';
import { number } from '../logic/numbers';
import type { PanelModel } from '../logic/panel-model';
import type { ExportFormat } from '../logic/requests';
import { decodePhoto, type Photo, samePhotograph } from '../painting/photo';
import { pictureOf } from '../painting/picture';
import { readTheme } from '../painting/scene';
import './alternate';
import './boxes';
import './classes';
import './comparison';
import { PrismElement } from './element';
import './empty';
import './header';
import './judged';
import './layers';
import './message';
import { panelStyles } from './panel-styles';
import './pfv-view';
import './pfvs';
import './pins';
import './progress';
import './section';
import './text';
import './token-detail';
import './row';
import { select } from './select';
import './stage';
import './toolbar';
import type { Stage } from './stage';
import type { TokenDetail } from './token-detail';

const sideways: Readonly<Record<string, -1 | 1>> = { ArrowLeft: -1, ArrowRight: 1 };

/** The whole panel; it draws what its model knows and passes on what the person does. */
@customElement('model-prism-panel')
export class Panel extends PrismElement {
  static override styles = [...PrismElement.styles, panelStyles];

  @property({ attribute: false }) model: PanelModel | undefined;

  /** Counts the changes of the model, which keeps its identity. */
  @state() private version = 0;
  /** Counts the changes of the theme. */
  @state() private theme = 0;
  @state() private photo: Photo | undefined;
  /** The token of a text that is looked at. */
  @state() private token: number | undefined;

  @query('prism-stage') private stage!: Stage | null;
  @query('prism-token-detail') private detail!: TokenDetail | null;

  readonly #themes = new MutationObserver(() => {
    this.theme++;
  });

  override connectedCallback(): void {
    super.connectedCallback();
    // The workbench tells a new theme by the variables on the root and the class of the body.
    this.#themes.observe(document.documentElement, { attributes: true });
    this.#themes.observe(document.body, { attributes: true });
    // Not on the window: there the workbench listens too, and would go back as well.
    document.addEventListener('keydown', this.#onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#themes.disconnect();
    document.removeEventListener('keydown', this.#onKey);
  }

  /** The model has changed. */
  refresh(): void {
    this.version++;
    void this.#decode();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model } = this;
    if (model === undefined) return nothing;
    const { t } = model;
    const { state, explanation, notice } = model;
    return html`
      <div class="unseen" role="status" aria-live="polite">${model.announcement}</div>
      <header>
        ${state && !model.comparing ? this.#header(model) : nothing} ${state?.status === 'working' ? this.#progress(model) : nothing}
        <div @work-retry=${model.retry} @log-show=${model.showLog} @method-pick=${model.pickMethod}>
          <prism-message
            ?hidden=${state?.status !== 'failed'}
            .t=${t}
            .error=${state?.error}
            .retry=${true}
            .methods=${true}
            .earlier=${explanation !== undefined}
          ></prism-message>
          <prism-message
            ?hidden=${notice === undefined}
            .t=${t}
            .error=${notice}
            .methods=${true}
            @message-dismiss=${() => model.dismissNotice()}
          ></prism-message>
        </div>
      </header>
      ${model.comparing ? this.#compared(model, explanation) : explanation ? this.#main(model, explanation) : nothing}
      ${state?.status === 'empty' ? html`<main class="begin"><prism-empty .t=${t}></prism-empty></main>` : nothing}
    `;
  }

  #header(model: PanelModel): TemplateResult {
    return html`<prism-header
      .t=${model.t}
      .model=${model}
      .version=${this.version}
      @config-write=${model.writeConfig}
      @config-open=${model.openModelConfig}
      @picture-copy=${this.#copy}
      @menu-choose=${this.#export}
    ></prism-header>`;
  }

  #progress(model: PanelModel): TemplateResult {
    const kind = model.method?.signed === false ? 'sequential' : 'diverging';
    return html`<prism-progress
      .t=${model.t}
      .progress=${model.state?.progress}
      .colours=${colourMap(kind === 'diverging' ? model.view.colourMap : model.view.sequentialMap, kind)}
      @work-cancel=${model.cancel}
    ></prism-progress>`;
  }

  #compared(model: PanelModel, explanation: Explanation | undefined): TemplateResult {
    return html`<main class="explained">
      <prism-comparison
        class="stage"
        .t=${model.t}
        .model=${model}
        .version=${this.version}
        .photo=${explanation && this.photo}
        .theme=${this.theme}
      ></prism-comparison>
      <aside>${explanation ? this.#classes(model, explanation, (index) => model.compareTarget(index)) : nothing}</aside>
    </main>`;
  }

  #boxes(model: PanelModel, { boxes = [], score }: Explanation): TemplateResult {
    const { t } = model;
    return html`<prism-section class="classes" .t=${t} heading=${t('Detections')} note=${boxes.length}>
      <prism-boxes
        .t=${t}
        .boxes=${boxes}
        .score=${score}
        @box-choose=${(event: CustomEvent<string>) => model.explainPart({ score: event.detail })}
      ></prism-boxes>
    </prism-section>`;
  }

  /** Which positions of a segmentation count. */
  #where(model: PanelModel, where: Where | undefined): TemplateResult {
    const { t } = model;
    const now = where === undefined ? 'all' : where === 'predicted' ? where : 'drawn';
    const choices = [
      { value: 'all', title: t('Everywhere'), description: t('The score is summed over the whole output.') },
      {
        value: 'predicted',
        title: t('Where it is the highest class'),
        description: t('Only the positions that the model gives to the class count.'),
      },
      {
        value: 'drawn',
        title: t('Region drawn with Shift'),
        description: t('Hold Shift and drag over the picture to choose what counts.'),
        disabled: now !== 'drawn',
      },
    ];
    return html`<div class="where">
      ${select(t('Positions that count'), now, choices, (value) => {
        if (value !== 'drawn') void model.explainPart({ where: value === 'predicted' ? 'predicted' : null });
      })}
    </div>`;
  }

  #judged({ t, judged }: PanelModel): TemplateResult {
    return html`<prism-section class="judged" .t=${t} heading=${t('Metrics')}>
      <prism-judged .t=${t} .metrics=${judged}></prism-judged>
    </prism-section>`;
  }

  #classes(
    model: PanelModel,
    { top, target, where }: Explanation,
    choose: (index: number) => Promise<void>,
  ): TemplateResult {
    const { t } = model;
    return html`<prism-section class="classes" .t=${t} heading=${t('Classes')}>
      <prism-classes
        .t=${t}
        .top=${top}
        .target=${target}
        .asked=${model.asked.target}
        @class-choose=${(event: CustomEvent<number>) => choose(event.detail)}
      ></prism-classes>
      ${model.task === 'segmentation' && !model.comparing ? this.#where(model, where) : nothing}
    </prism-section>`;
  }

  /** A text or a row of a table: its parts with what each contributes. */
  #parts(model: PanelModel, explanation: Explanation): TemplateResult {
    const { t, view } = model;
    const { text, row, method, target, conservation } = explanation;
    const colours = method.signed
      ? colourMap(view.colourMap, 'diverging')
      : colourMap(view.sequentialMap, 'sequential');
    return html`<main class="explained">
      <h1 class="unseen">${t('Explanation of {0}', row?.name ?? text?.path?.split(/[\\/]/).at(-1) ?? t('a text'))}</h1>
      <div class="stage">
        ${
          text
            ? html`<prism-text
                .t=${t}
                .content=${text}
                .colours=${colours}
                @token-choose=${({ detail }: CustomEvent<number>) => {
                  this.token = detail;
                }}
                @token-open=${() => this.detail?.showLayers()}
              ></prism-text>`
            : nothing
        }
        ${
          row
            ? html`<prism-row
                .t=${t}
                .content=${row}
                .colours=${colours}
                .conservation=${conservation}
                .score=${target.score}
                .target=${target.label}
              ></prism-row>`
            : nothing
        }
      </div>
      <aside>
        ${this.#classes(model, explanation, (index) => model.explainTarget(index))}
        ${model.judged.length > 0 ? this.#judged(model) : nothing}
        ${this.#token(model, explanation, colours)}
      </aside>
    </main>`;
  }

  /** The token that is looked at; another text has other ones. */
  #token(model: PanelModel, explanation: Explanation, colours: ColourMap): TemplateResult | typeof nothing {
    const { token } = this;
    if (token === undefined || !explanation.text?.tokens[token]) return nothing;
    return html`<prism-section class="token" .t=${model.t} heading=${model.t('Token')}>
      <prism-token-detail
        .t=${model.t}
        .model=${model}
        .explanation=${explanation}
        .token=${token}
        .colours=${colours}
      ></prism-token-detail>
    </prism-section>`;
  }

  #main(model: PanelModel, explanation: Explanation): TemplateResult {
    const { t, layer } = model;
    const { photograph } = explanation;
    if (!photograph) return this.#parts(model, explanation);
    const { pins = [] } = model.state ?? {};
    return html`<main class="explained">
      <h1 class="unseen">${t('Explanation of {0}', photograph.path.split(/[\\/]/).at(-1)!)}</h1>
      <div class="stage">
        <prism-toolbar
          .t=${t}
          .model=${model}
          .version=${this.version}
          @stage-zoom=${({ detail }: CustomEvent<number>) => (detail === 0 ? model.cameras.fit() : this.stage?.zoom(detail))}
        ></prism-toolbar>
        ${
          model.alternating.flicker.with === undefined
            ? nothing
            : html`<prism-alternate .t=${t} .model=${model} .version=${this.version}></prism-alternate>`
        }
        <prism-stage
          .t=${t}
          .model=${model}
          .version=${this.version}
          .photo=${this.photo}
          .theme=${this.theme}
        ></prism-stage>
        <prism-pins
          ?hidden=${pins.length === 0}
          .t=${t}
          .pictures=${pins}
          .shown=${photograph.path}
          @picture-show=${({ detail }: CustomEvent<string>) => model.showImage(detail)}
          @picture-unpin=${({ detail }: CustomEvent<string>) => model.pinImage(detail, false)}
        ></prism-pins>
      </div>
      <aside>
        ${explanation.boxes ? this.#boxes(model, explanation) : nothing}
        ${this.#classes(model, explanation, (index) => model.explainTarget(index))}
        ${model.judged.length > 0 ? this.#judged(model) : nothing}
        ${layer ? this.#pfvSection(model) : nothing}
        ${this.#pinned(model)}
        ${explanation.layers.length > 0 ? this.#layerSection(model, explanation) : nothing}
      </aside>
    </main>`;
  }

  #pfvSection(model: PanelModel): TemplateResult {
    const { t, layer, pinned } = model;
    return html`<prism-section class="pfvs" .t=${t} heading=${t('Strongest PFVs')}>
      <prism-pfvs
        .t=${t}
        .layer=${layer}
        .map=${layer && model.layerMaps.get(layer.id)}
        .pinned=${pinned}
        @pfv-choose=${(event: CustomEvent<{ x: number; y: number }>) => model.pin(event.detail)}
      ></prism-pfvs>
    </prism-section>`;
  }

  #pinned(model: PanelModel): TemplateResult | typeof nothing {
    if (!model.pinned) return nothing;
    return html`<prism-pfv-view class="pfv" .t=${model.t} .model=${model} .version=${this.version}></prism-pfv-view>`;
  }

  #layerSection(model: PanelModel, { layers, method }: Explanation): TemplateResult {
    const { t } = model;
    const colours = method.signed
      ? colourMap(model.view.colourMap, 'diverging')
      : colourMap(model.view.sequentialMap, 'sequential');
    return html`<prism-section class="layers" .t=${t} heading=${t('Layers')} note=${layers.length}>
      <prism-layers
        .t=${t}
        .layers=${layers}
        .maps=${model.layerMaps}
        .version=${this.version}
        .colours=${colours}
        .open=${model.layer?.id}
        @layer-open=${(event: CustomEvent<string>) => model.openLayer(event.detail)}
        @network-show=${model.showNetwork}
      ></prism-layers>
    </prism-section>`;
  }

  async #decode(): Promise<void> {
    const source = this.model?.explanation?.photograph;
    if (source === undefined || (this.photo && samePhotograph(this.photo.source, source))) return;
    try {
      const photo = await decodePhoto(source);
      // Another explanation may have come meanwhile, and decodes for itself.
      if (this.model?.explanation?.photograph === source) this.photo = photo;
    } catch (reason) {
      this.photo = undefined;
      this.model?.fail(reason);
    }
  }

  #picture = async (): Promise<Blob> => {
    const { explanation, t } = this.model!;
    const { target, method, model, map, conservation, options } = explanation!;
    const named = Object.entries(options)
      .filter(([key, value]) => value !== method.options.find((option) => option.key === key)?.default)
      .map(([key, value]) => `${key}=${value}`);
    const footer = [
      t('{0} (class {1}), score {2}', target.label, target.index, number(target.score, 4)),
      [method.title, ...named, model.name].join(' · '),
      ...(conservation ? [conservationText(conservation, map, t).text] : []),
    ];
    const font = getComputedStyle(this).fontFamily;
    return pictureOf(this.stage!.drawings, footer, readTheme(this), font);
  };

  #copy = async (): Promise<void> => {
    const model = this.model!;
    const picture = this.#picture();
    try {
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
      model.announce(model.t('The picture was copied.'));
    } catch {
      // Not every host of a webview lets it write pictures to the clipboard; a file can be had everywhere.
      await model.exportAs('png', new Uint8Array(await (await picture).arrayBuffer()));
    }
  };

  #export = async ({ detail }: CustomEvent<string>): Promise<void> => {
    const model = this.model!;
    if (detail === 'link') return model.copyLink();
    // Words are laid out where the picture is written, not as they stand here.
    if (detail !== 'png' || !model.pictured) return model.exportAs(detail as ExportFormat);
    return model.exportAs('png', new Uint8Array(await (await this.#picture()).arrayBuffer()));
  };

  #onKey = (event: KeyboardEvent): void => {
    const by = event.altKey && !event.shiftKey ? sideways[event.key] : undefined;
    const out = event.key === 'Backspace';
    const flips = event.key === 'b' && !(event.altKey || event.ctrlKey || event.metaKey);
    const [target] = event.composedPath();
    const typing = target instanceof HTMLInputElement && target.type !== 'range' && target.type !== 'checkbox';
    const { model } = this;
    if (flips && !typing) model?.flip();
    if (!model || (by === undefined && !out)) return;
    // Moves the caret, and must not reach the workbench, where it goes back as well.
    if (typing && by !== undefined) event.stopPropagation();
    if (typing) return;
    if (by === undefined ? model.layer === undefined && !model.comparison : !model.canGo(by)) return;
    event.preventDefault();
    event.stopPropagation();
    if (by !== undefined) model.go(by);
    else if (model.layer) model.closeLayer();
    else model.showComparison();
  };
}
