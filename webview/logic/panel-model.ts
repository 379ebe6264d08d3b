import type {
  Explanation,
  LayerInfo,
  MethodSummary,
  OptionInfo,
  OptionValues,
  PicturedExplanation,
} from '../../src/protocol';
import type { ComparedMethod, ComparisonState, HistoryEntry, HostApi, PanelState } from '../../src/protocol/panel';
import type { JudgedMetric } from '../../src/protocol/study';
import type { Client } from '../../src/rpc';
import { Alternating } from './alternating';
import { type Asked, methodAsked, optionsAsked } from './asked';
import { Cameras } from './cameras';
import type { Point } from './geometry';
import { english, type Translate, translator } from './l10n';
import { LayerMaps } from './layer-maps';
import { gridSize, neighbour, pfvGrid } from './pfv-grid';
import { PfvModel } from './pfv-model';
import { type Place, type PlaceMap, Places } from './places';
import { Requests } from './requests';
import { explainedText, hint, pfvText } from './said';
import { completed, sameContent } from './snapshot';
import { historyEntry, methodsOf, openedFromComparison, stepped } from './steps';
import { strongest } from './strongest';
import { keptForHost, type View } from './view';

/**
 * Everything the panel knows and does, apart from drawing. The host's state comes by {@link update}, what the person
 * does comes by the other methods; `changed` is called after every change.
 */
export class PanelModel extends Requests {
  state: PanelState | undefined;
  /** The PFV of the open layer under the pointer. */
  pointed: Point | undefined;
  asked: Asked = {};
  t: Translate = english;

  readonly layerMaps: LayerMaps;
  /** Maps of compared methods, by the handles of their explanations. */
  readonly comparedMaps: LayerMaps;
  /** Whether this document has shown a comparison. */
  #compared = false;
  /** What the pictures of an explanation look at, and those of a comparison. */
  readonly cameras: Cameras;
  readonly comparedCameras: Cameras;
  /** What is known of the PFV that is pinned or pointed at. */
  readonly pfv: PfvModel;
  /** The picture on show in turns with another one. */
  readonly alternating: Alternating;
  readonly #places: Places;

  constructor(
    host: Client<HostApi>,
    public view: View,
    private readonly keep: (view: View) => void,
    changed: () => void,
  ) {
    super(host, changed);
    this.layerMaps = new LayerMaps((layers) => host.layerMaps({ layers }), changed);
    this.comparedMaps = new LayerMaps((explanations) => host.comparedMaps({ explanations }), changed);
    this.cameras = new Cameras(view.linked, changed);
    this.comparedCameras = new Cameras(view.linked, changed);
    this.pfv = new PfvModel(host, changed, (reason) => this.fail(reason));
    this.alternating = new Alternating(host, this, changed, (reason) => this.fail(reason));
    this.#places = new Places(
      host,
      () => this.dismissNotice(),
      (reason) => this.fail(reason),
    );
  }

  /** Tells the host that the panel listens, and takes its snapshot. */
  async start(): Promise<void> {
    await this.ask(async () => this.update(await this.host.ready({})));
  }

  update(sent: PanelState): void {
    const before = this.state;
    const state = completed(sent, before);
    this.state = state;
    if (!sameContent(before?.l10n, state.l10n)) this.t = translator(state.l10n);
    if (state.status !== 'working') this.asked = {};
    this.#keepForHost(state);
    if (before?.comparison?.id !== state.comparison?.id) this.#comparisonChanged(before !== undefined);
    if (stepped(before, state)) this.setView({ grid: this.comparison && state.question?.compare !== undefined });
    if (before?.explanation?.id !== state.explanation?.id) this.#explanationChanged(before?.explanation !== undefined);
    this.#openWanted(state);
    if (
      state.status === 'failed' &&
      state.error &&
      !(before?.status === 'failed' && sameContent(before.error, state.error))
    ) {
      this.announcement = this.t('The explanation failed: {0}', state.error.message);
    }
    this.changed();
  }

  /** Work has begun or goes on; what is shown stays. */
  working(now: Pick<PanelState, 'question' | 'progress'>): void {
    if (this.state === undefined) return;
    const { error: _, progress: __, ...rest } = this.state;
    this.update({ ...rest, ...now, status: 'working' });
  }

  /** The ERF on show, of the pinned PFV or the one pointed at. */
  get field(): PlaceMap | undefined {
    return this.#places.field;
  }

  /** How much each PFV of the open layer draws on the place of the photograph that is pointed at. */
  get readers(): PlaceMap | undefined {
    return this.#places.readers;
  }

  /** What one can go back or forward to. */
  historyEntry(by: -1 | 1): HistoryEntry | undefined {
    return historyEntry(this.state, by);
  }

  /** Back or forward: first out of what is open within an explanation, then in what was shown before. */
  go(by: -1 | 1): void {
    if (by < 0 && this.#leavesOpen()) return;
    if (this.historyEntry(by)) void this.ask(() => this.host.go({ by }));
  }

  /** Whether going back or forward has something to do. */
  canGo(by: -1 | 1): boolean {
    const open = this.layer !== undefined || openedFromComparison(this.state, this.comparing);
    return this.historyEntry(by) !== undefined || (by < 0 && open);
  }

  /** Closes the open layer, or goes back to the comparison that the explanation was opened from. */
  #leavesOpen(): boolean {
    if (this.comparing) return false;
    if (this.layer) this.closeLayer();
    else if (openedFromComparison(this.state, this.comparing)) this.showComparison();
    else return false;
    return true;
  }

  get comparison(): ComparisonState | undefined {
    return this.state?.comparison;
  }

  /** Whether the comparison is shown, and not a single explanation. */
  get comparing(): boolean {
    return this.comparison !== undefined && this.view.grid !== false;
  }

  get explanation(): Explanation | undefined {
    return this.state?.explanation;
  }

  /** The explanation, if it is one of a picture. */
  get pictured(): PicturedExplanation | undefined {
    const { explanation } = this;
    return explanation?.photograph ? (explanation as PicturedExplanation) : undefined;
  }

  get task(): string | undefined {
    return this.explanation?.model.task;
  }

  /** The open layer; undefined while the class map is shown. */
  get layer(): LayerInfo | undefined {
    return this.explanation?.layers.find(({ id }) => id === this.view.layer);
  }

  get pinned(): Point | undefined {
    const { layer } = this;
    const { pinned } = this.view;
    if (layer === undefined || pinned?.layer !== layer.id) return undefined;
    return pinned.x < layer.width && pinned.y < layer.height ? pinned : undefined;
  }

  /** The method asked for last, explained or not. */
  get method(): MethodSummary | undefined {
    return methodAsked(this.state, this.asked);
  }

  /** The values of that method's options: asked for, in force, or by default. */
  get options(): OptionValues {
    return optionsAsked(this.state, this.asked);
  }

  /** What the person may do next. */
  get hint(): string {
    return hint(this.explanation, this.layer, this.t);
  }

  setView(change: Partial<View>): void {
    this.view = { ...this.view, ...change };
    this.keep(this.view);
    this.changed();
  }

  /** Shows the other of two pictures that alternate. */
  flip(): void {
    const { alternating, t } = this;
    alternating.flicker.flip();
    if (alternating.flicker.with === undefined) return;
    this.announce(alternating.shown?.title ?? t('Map of {0}.', this.explanation?.target.label ?? ''));
  }

  /** Magnifies pictures beside each other together, or each by itself. */
  linkZoom(linked: boolean): void {
    this.cameras.link(linked);
    this.comparedCameras.link(linked);
    this.announcement = linked
      ? this.t('Pictures are magnified together.')
      : this.t('Each picture is magnified by itself.');
    this.setView({ linked });
  }

  openLayer(id: string): void {
    const layer = this.explanation?.layers.find((candidate) => candidate.id === id);
    if (layer === undefined) return;
    this.layerMaps.want(id, true);
    this.#leaveLayer();
    this.announcement = this.t('Layer {0}: {1} PFVs.', layer.title, gridSize(layer));
    this.setView({ layer: id, pinned: undefined });
  }

  /** Opens a layer and pins one of its PFVs. */
  visit({ layer, x, y }: Place): void {
    if (this.view.layer !== layer) this.openLayer(layer);
    this.pin({ x, y });
  }

  /** Back to the class map. */
  closeLayer(): void {
    if (this.layer === undefined) return;
    this.#leaveLayer();
    this.announcement = this.t('Map of {0}.', this.explanation?.target.label ?? '');
    this.setView({ layer: undefined, pinned: undefined });
  }

  /** The pointer is over a PFV of the open layer, or has left. */
  pointAtPfv(pfv: Point | undefined): void {
    if (pfv?.x === this.pointed?.x && pfv?.y === this.pointed?.y) return;
    this.pointed = pfv;
    this.#follow();
  }

  pin(pfv: Point): void {
    const { layer } = this;
    if (layer === undefined) return;
    this.view = { ...this.view, pinned: { layer: layer.id, x: pfv.x, y: pfv.y } };
    this.keep(this.view);
    this.announcement = pfvText(layer, this.layerMaps.get(layer.id), pfv, this.t);
    this.#follow();
  }

  unpin(): void {
    if (this.view.pinned === undefined) return;
    this.view = { ...this.view, pinned: undefined };
    this.keep(this.view);
    this.announcement = this.t('Unpinned.');
    this.#follow();
  }

  /** Pins or moves the pin by cells; without a pin the first step pins the strongest PFV. */
  movePin(by: Point): void {
    const { layer, pinned } = this;
    if (layer === undefined) return;
    const map = this.layerMaps.get(layer.id);
    const start = map && strongest(map, 1)[0];
    this.pin(pinned ? neighbour(pfvGrid(layer), pinned, by) : (start ?? { x: 0, y: 0 }));
  }

  /** The pointer is over a location of the model's input, or has left the photograph. */
  pointAtPlace(place: Point | undefined): void {
    const { layer } = this;
    const wanted = layer && place && { layer: layer.id, x: place.x, y: place.y };
    if (this.#places.read(wanted)) this.changed();
  }

  async explainTarget(index: number): Promise<void> {
    this.#asking({ ...this.asked, target: index });
    await this.ask(() => this.host.explainTarget({ index }));
  }

  /** What metrics say of the explanation that is shown. */
  get judged(): readonly JudgedMetric[] {
    const { judged } = this.state ?? {};
    return judged && judged.explanation === this.explanation?.id ? judged.metrics : [];
  }

  async pickFile(option: OptionInfo): Promise<void> {
    await this.ask(async () => {
      const file = await this.host.pickFile({ title: option.title });
      if (file !== undefined) await this.setOption(option.key, file);
    });
  }

  async chooseMethod(method: string): Promise<void> {
    if (method === this.method?.id) return;
    this.#asking({ method });
    await this.ask(() => this.host.chooseMethod({ method }));
  }

  async setOption(key: string, value: boolean | number | string): Promise<void> {
    const now = this.options;
    if (now[key] === value) return;
    const options = { ...now, [key]: value };
    this.#asking({ ...this.asked, options });
    await this.ask(() => this.host.setOptions({ options }));
  }

  /** Shows the comparison as a whole again. */
  showComparison(): void {
    if (this.comparison === undefined || this.comparing) return;
    this.announcement = this.t('{0} methods compared.', methodsOf(this.comparison).length);
    this.setView({ grid: true });
  }

  /** Shows what one of the compared methods says by itself. */
  async openCompared({ method, column, status }: ComparedMethod): Promise<void> {
    if (status !== 'ready') return;
    await this.ask(() => this.host.openCompared({ method, column }));
    this.setView({ grid: false });
  }

  async compareTarget(index: number): Promise<void> {
    this.#asking({ ...this.asked, target: index });
    await this.ask(() => this.host.compareTarget({ index }));
  }

  copyLink = (): Promise<void> => {
    const { layer, pinned } = this;
    const look = layer && { layer: layer.id, ...(pinned && { pinned: { x: pinned.x, y: pinned.y } }) };
    return this.ask(async () => {
      await this.host.copyLink(look ? { look } : {});
      this.announce(this.t('The link was copied.'));
    });
  };

  goToCode = (): Promise<void> =>
    this.ask(async () => {
      if (this.layer) await this.host.goToCode({ layer: this.layer.id });
    });

  /** Opens what a link leads to, once. */
  #openWanted({ open, status }: PanelState): void {
    if (status !== 'ready' || open === undefined || open.id === this.view.opened) return;
    this.view = { ...this.view, opened: open.id };
    this.openLayer(open.layer);
    const { layer } = this;
    if (layer?.id === open.layer && open.pinned) this.pin(open.pinned);
    this.keep(this.view);
  }

  #keepForHost(state: PanelState): void {
    const view = keptForHost(this.view, state);
    if (view === this.view) return;
    this.view = view;
    this.keep(view);
  }

  /** A comparison that begins is shown; one that was there before the panel was, as it was left. */
  #comparisonChanged(begins: boolean): void {
    this.comparedMaps.clear();
    const kept = this.state?.question?.compare ? this.view.grid : undefined;
    const first = begins && this.#compared;
    this.#compared = true;
    const grid = this.comparison && (first ? true : (kept ?? true));
    if (grid !== this.view.grid) this.setView({ grid });
  }

  #explanationChanged(hadAnother: boolean): void {
    this.layerMaps.clear();
    this.#places.clear();
    this.pfv.leave();
    this.alternating.forget();
    this.notice = undefined;
    const { explanation, layer } = this;
    if (explanation === undefined) return;
    if (layer) this.layerMaps.want(layer.id);
    // A pinned PFV of the same layer is looked at again, now for the new explanation.
    this.#follow();
    this.announcement = explainedText(explanation, this.t);
    if (hadAnother && layer === undefined && this.view.layer !== undefined) {
      this.setView({ layer: undefined, pinned: undefined });
    }
  }

  #wantedField(): Place | undefined {
    const { layer } = this;
    const pfv = this.pinned ?? this.pointed;
    return layer && pfv && { layer: layer.id, x: pfv.x, y: pfv.y };
  }

  /** Shows the ERF of the PFV that is pinned or pointed at, asking for it when need be. */
  #follow(): void {
    this.#places.follow(this.#wantedField());
    this.pfv.follow(this.#wantedField(), this.pinned !== undefined);
    this.changed();
  }

  #leaveLayer(): void {
    this.#places.leave();
    this.pfv.leave();
    this.pointed = undefined;
  }

  #asking(asked: Asked): void {
    this.asked = asked;
    this.changed();
  }
}
