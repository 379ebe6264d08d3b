import type {
  ExplainParams,
  Explanation,
  JudgedMetric,
  LayerInfo,
  MethodSummary,
  OptionInfo,
  OptionValues,
  PicturedExplanation,
  RemoteError,
  ScalarMap,
} from '../../src/protocol';
import type { ComparedMethod, ComparisonState, HostApi, PanelState } from '../../src/protocol/panel';
import { type Client, toRemoteError } from '../../src/rpc';
import { conservationText } from './conservation';
import type { Point } from './geometry';
import { english, type Translate, translator } from './l10n';
import { Latest } from './latest';
import { LayerMaps } from './layer-maps';
import { MapCache } from './map-cache';
import { number, percent } from './numbers';
import { gridSize, neighbour, pfvGrid, placeName } from './pfv-grid';
import { share, strongest, sums } from './strongest';
import type { View } from './view';

/** A location of a layer, or of the input. */
export interface Place extends Point {
  readonly layer: string;
}

/** An answer about one location: the ERF of a PFV, or the readers of a place of the input. */
export interface PlaceMap extends Place {
  readonly map: ScalarMap;
}

/** What was asked of the host and is not yet in an explanation. */
export interface Asked {
  readonly method?: string;
  readonly options?: OptionValues;
  readonly target?: number;
}

/** ERFs kept for a pointer that comes back: 8 million values, 32 MiB. */
const fieldLimit = 1 << 23;

const sameContent = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const keyOf = ({ layer, x, y }: Place): string => `${layer}@${y},${x}`;

/** A photograph that the panel has is not sent again. */
function withPhotograph(state: PanelState, before: PanelState | undefined): PanelState {
  const { explanation } = state;
  const known = before?.explanation?.photograph?.encoded;
  const photograph = explanation?.photograph;
  if (!photograph || !known || photograph.encoded.length > 0) return state;
  return { ...state, explanation: { ...explanation, photograph: { ...photograph, encoded: known } } };
}

/**
 * Everything the panel knows and does, apart from drawing. The host's state comes by {@link update}, what the person
 * does comes by the other methods; `changed` is called after every change.
 */
export class PanelModel {
  state: PanelState | undefined;
  /** The ERF on show, of the pinned PFV or the one pointed at. */
  field: PlaceMap | undefined;
  /** How much each PFV of the open layer draws on the place of the photograph that is pointed at. */
  readers: PlaceMap | undefined;
  /** The PFV of the open layer under the pointer. */
  pointed: Point | undefined;
  asked: Asked = {};
  /** A request of the panel's own that failed; the explanation is not affected. */
  notice: RemoteError | undefined;
  /** The last thing worth saying to a screen reader. */
  announcement = '';
  t: Translate = english;

  readonly layerMaps: LayerMaps;
  /** Maps of compared methods, by the handles of their explanations. */
  readonly comparedMaps: LayerMaps;
  /** Whether this document has shown a comparison. */
  #compared = false;
  readonly #fields = new MapCache(fieldLimit);
  readonly #field: Latest<Place, ScalarMap>;
  readonly #readers: Latest<Place, ScalarMap>;

  constructor(
    private readonly host: Client<HostApi>,
    public view: View,
    private readonly keep: (view: View) => void,
    private readonly changed: () => void,
  ) {
    this.layerMaps = new LayerMaps((layers) => host.layerMaps({ layers }), changed);
    this.comparedMaps = new LayerMaps((explanations) => host.comparedMaps({ explanations }), changed);
    this.#field = new Latest(
      (place) => host.receptiveField(place),
      (place, map) => {
        this.#fields.set(keyOf(place), map);
        // The pointer may be further by now; what came is still nearer to it than what is on show.
        this.#show({ field: { ...place, map }, notice: undefined });
      },
      (_place, reason) => this.#report(reason),
    );
    this.#readers = new Latest(
      (place) => host.readers(place),
      (place, map) => this.#show({ readers: { ...place, map }, notice: undefined }),
      (_place, reason) => this.#report(reason),
    );
  }

  /** Tells the host that the panel listens, and takes its snapshot. */
  async start(): Promise<void> {
    await this.#ask(async () => this.update(await this.host.ready({})));
  }

  update(sent: PanelState): void {
    const before = this.state;
    const state = withPhotograph(sent, before);
    // The same explanation comes again with every report of progress; its maps need not be painted again.
    const same = before?.explanation !== undefined && before.explanation.id === state.explanation?.id;
    this.state = same ? { ...state, explanation: before.explanation! } : state;
    if (!sameContent(before?.l10n, state.l10n)) this.t = translator(state.l10n);
    if (state.status !== 'working') this.asked = {};
    if (state.question && !sameContent(this.view.question, state.question)) {
      this.view = { ...this.view, question: state.question };
      this.keep(this.view);
    }
    if (before?.comparison?.id !== state.comparison?.id) this.#comparisonChanged(before !== undefined);
    if (before?.explanation?.id !== state.explanation?.id) this.#explanationChanged(before?.explanation !== undefined);
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

  /** What is asked of the host, until there is an explanation to go by. */
  get #question(): ExplainParams | undefined {
    return this.state?.status === 'ready' ? undefined : this.state?.question;
  }

  /** The method asked for last, explained or not. */
  get method(): MethodSummary | undefined {
    const id = this.asked.method ?? this.#question?.method ?? this.explanation?.method.id;
    return this.state?.methods.find((method) => method.id === id) ?? this.explanation?.method;
  }

  /** The values of that method's options: asked for, in force, or by default. */
  get options(): OptionValues {
    const { method, explanation, asked } = this;
    const question = this.#question?.method === method?.id ? this.#question?.options : undefined;
    const inForce = explanation?.method.id === method?.id ? explanation?.options : undefined;
    const value = ({ key, default: byDefault }: OptionInfo): boolean | number | string =>
      asked.options?.[key] ?? question?.[key] ?? inForce?.[key] ?? byDefault;
    return Object.fromEntries((method?.options ?? []).map((option) => [option.key, value(option)]));
  }

  /** What the person may do next. */
  get hint(): string {
    const { layer, explanation, t } = this;
    if (layer) return t('Point at a PFV to see what it saw, at the photograph to see which PFVs draw on a place.');
    if (explanation?.layers.length) return t('Open a layer to see its PFVs and their receptive fields.');
    return t('Point at the photograph to read values.');
  }

  setView(change: Partial<View>): void {
    this.view = { ...this.view, ...change };
    this.keep(this.view);
    this.changed();
  }

  openLayer(id: string): void {
    const layer = this.explanation?.layers.find((candidate) => candidate.id === id);
    if (layer === undefined) return;
    this.layerMaps.want(id, true);
    this.#leaveLayer();
    this.announcement = this.t('Layer {0}: {1} PFVs.', layer.title, gridSize(layer));
    this.setView({ layer: id, pinned: undefined });
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
    this.announcement = this.#pfvText(layer, pfv);
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
    if (layer === undefined || place === undefined) {
      this.#readers.drop();
      if (this.readers) this.#show({ readers: undefined });
      return;
    }
    const { readers } = this;
    if (readers?.layer === layer.id && readers.x === place.x && readers.y === place.y) return;
    this.#readers.request({ layer: layer.id, x: place.x, y: place.y });
  }

  async explainTarget(index: number): Promise<void> {
    this.#show({ asked: { ...this.asked, target: index } });
    await this.#ask(() => this.host.explainTarget({ index }));
  }

  /** Explains a box of a detector, or other positions of a segmentation. */
  explainPart(part: Parameters<HostApi['explainPart']>[0]): Promise<void> {
    return this.#ask(() => this.host.explainPart(part));
  }

  /** What metrics say of the explanation that is shown. */
  get judged(): readonly JudgedMetric[] {
    const { judged } = this.state ?? {};
    return judged && judged.explanation === this.explanation?.id ? judged.metrics : [];
  }

  async pickFile(option: OptionInfo): Promise<void> {
    await this.#ask(async () => {
      const file = await this.host.pickFile({ title: option.title });
      if (file !== undefined) await this.setOption(option.key, file);
    });
  }

  async chooseMethod(method: string): Promise<void> {
    if (method === this.method?.id) return;
    this.#show({ asked: { method } });
    await this.#ask(() => this.host.chooseMethod({ method }));
  }

  async setOption(key: string, value: boolean | number | string): Promise<void> {
    const now = this.options;
    if (now[key] === value) return;
    const options = { ...now, [key]: value };
    this.#show({ asked: { ...this.asked, options } });
    await this.#ask(() => this.host.setOptions({ options }));
  }

  /** Shows the comparison as a whole again. */
  showComparison(): void {
    if (this.comparison === undefined || this.comparing) return;
    this.announcement = this.t('{0} methods compared.', this.comparison.methods.length);
    this.setView({ grid: true });
  }

  /** Shows what one of the compared methods says by itself. */
  async openCompared({ method, status }: ComparedMethod): Promise<void> {
    if (status !== 'ready') return;
    await this.#ask(() => this.host.openCompared({ method }));
    this.setView({ grid: false });
  }

  async compareTarget(index: number): Promise<void> {
    this.#show({ asked: { ...this.asked, target: index } });
    await this.#ask(() => this.host.compareTarget({ index }));
  }

  pickCompared = (): Promise<void> => this.#ask(() => this.host.pickCompared({}));
  exportComparison = (): Promise<void> => this.#ask(() => this.host.exportComparison({}));
  judge = (): Promise<void> => this.#ask(() => this.host.judge({}));
  pickMethod = (): Promise<void> => this.#ask(() => this.host.pickMethod({}));
  cancel = (): Promise<void> => this.#ask(() => this.host.cancel({}));
  retry = (): Promise<void> => this.#ask(() => this.host.retry({}));
  writeConfig = (): Promise<void> => this.#ask(() => this.host.writeConfig({}));
  goToCode = (): Promise<void> =>
    this.#ask(async () => {
      if (this.layer) await this.host.goToCode({ layer: this.layer.id });
    });
  openModelConfig = (): Promise<void> => this.#ask(() => this.host.openModelConfig({}));
  showLog = (): Promise<void> => this.#ask(() => this.host.showLog({}));

  exportAs(format: 'png' | 'npy' | 'json' | 'onnx', png?: Uint8Array): Promise<void> {
    return this.#ask(() => this.host.exportAs(png ? { format, png } : { format }));
  }

  dismissNotice(): void {
    this.#show({ notice: undefined });
  }

  /** Says something to screen readers. */
  announce(announcement: string): void {
    this.#show({ announcement });
  }

  fail(reason: unknown): void {
    this.#report(reason);
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
    this.#fields.clear();
    this.#readers.drop();
    this.#field.drop();
    this.field = undefined;
    this.readers = undefined;
    this.notice = undefined;
    const { explanation, layer } = this;
    if (explanation === undefined) return;
    if (layer) this.layerMaps.want(layer.id);
    // A pinned PFV of the same layer is looked at again, now for the new explanation.
    this.#follow();
    const { conservation, target, map } = explanation;
    const residual = conservation && conservationText(conservation, map, this.t);
    const explained = this.t('Explained as {0}, score {1}.', target.label, number(target.score, 4));
    this.announcement = residual ? `${explained} ${residual.text}` : explained;
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
    const wanted = this.#wantedField();
    const known = wanted && this.#fields.get(keyOf(wanted));
    if (wanted === undefined || known) this.#field.drop();
    else this.#field.request(wanted);
    if (wanted === undefined) this.field = undefined;
    else if (known) this.field = { ...wanted, map: known };
    this.changed();
  }

  #leaveLayer(): void {
    this.#field.drop();
    this.#readers.drop();
    this.field = undefined;
    this.readers = undefined;
    this.pointed = undefined;
  }

  #pfvText(layer: LayerInfo, { x, y }: Point): string {
    const map = this.layerMaps.get(layer.id);
    const name = placeName(layer, { x, y });
    if (map === undefined) return this.t('PFV {0}.', name);
    const value = map.data[y * map.width + x]!;
    const part = percent(share(value, sums(map)));
    return this.t('PFV {0}: relevance {1}, {2} of the total.', name, number(value), part);
  }

  #show(change: Partial<Pick<PanelModel, 'field' | 'readers' | 'asked' | 'notice' | 'announcement'>>): void {
    Object.assign(this, change);
    this.changed();
  }

  #report(reason: unknown): void {
    const notice = toRemoteError(reason);
    if (notice.code !== 'CANCELLED') this.#show({ notice });
  }

  async #ask(question: () => Promise<unknown>): Promise<void> {
    try {
      await question();
    } catch (reason) {
      this.#report(reason);
    }
  }
}
