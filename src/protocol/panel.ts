import type {
  ExplainParams,
  Explanation,
  MethodSummary,
  OptionValues,
  Photograph,
  RemoteError,
  ScalarMap,
  Where,
} from '../protocol';
import type { PfvHostApi } from './pfv';
import type { JudgedMetric, Unfit } from './study';
import type { TokenHostApi } from './tokens';
import type { ViewState } from './view';

/** One method of a comparison, for one class; its map is asked for apart, by the handle of its explanation. */
export interface ComparedMethod {
  readonly method: string;
  /** Which of the compared classes. */
  readonly column: number;
  readonly status: 'waiting' | 'working' | 'ready' | 'failed';
  readonly result?: Pick<Explanation, 'id' | 'options' | 'target' | 'conservation' | 'provider' | 'ms'>;
  readonly error?: RemoteError;
}

/** A class that methods are compared for; its index is known once one of them has explained it. */
export interface ComparedClass {
  readonly label: string;
  readonly index?: number;
}

/** Several methods on one input, for one class or several. */
export interface ComparisonState {
  /** Another one each time that a comparison begins. */
  readonly id: string;
  /** Class by class. */
  readonly methods: readonly ComparedMethod[];
  readonly columns: readonly ComparedClass[];
}

/** What a panel is asked: one explanation, with methods to compare beside it or none. */
export interface PanelQuestion extends ExplainParams {
  readonly compare?: readonly string[];
  /** The classes that the methods are compared for, by index or label, where there are several; the target is one. */
  readonly classes?: readonly (number | string)[];
}

/** An image that is kept at hand. */
export interface PinnedPicture {
  readonly path: string;
  readonly name: string;
  /** Where the webview loads it from. */
  readonly source: string;
}

/** A map of the same picture that stands in for the one on show. */
export interface OtherMap {
  readonly title: string;
  readonly map: ScalarMap;
  readonly signed: boolean;
  /** What the map covers, in pixels of the photograph. */
  readonly viewport: Photograph['viewport'];
}

/** What is open in an explanation. */
export interface PanelLook {
  readonly layer: string;
  readonly pinned?: { readonly x: number; readonly y: number };
}

/** A question that was shown, and what it is called. */
export interface HistoryEntry {
  readonly question: PanelQuestion;
  readonly title: string;
}

/** What a panel has shown: entries in order, and which of them is shown. The webview keeps it across reloads. */
export interface KeptHistory {
  readonly entries: readonly HistoryEntry[];
  readonly index: number;
}

/** What the panel shows at one moment; the host owns it and sends it whole. */
export interface PanelState extends ViewState {
  readonly status: 'empty' | 'working' | 'ready' | 'failed';
  /** What is or was to be explained. The webview keeps it for the host, which gets it back after a reload. */
  readonly question?: PanelQuestion;
  readonly pins?: readonly PinnedPicture[];
  /** What is to be opened in the explanation when it is there, once for each id. */
  readonly open?: PanelLook & { readonly id: string };
  /** `steps` counts how often one went back or forward. */
  readonly history?: KeptHistory & { readonly steps: number };
  /** Methods beside each other, of the same model and image as the explanation. */
  readonly comparison?: ComparisonState;
  /** What metrics say of an explanation, by its handle. */
  readonly judged?: { readonly explanation: string; readonly metrics: readonly JudgedMetric[] };
  /** The last good explanation stays visible while another is being computed or after one failed. */
  readonly explanation?: Explanation;
  readonly methods: readonly MethodSummary[];
  /** Those that cannot explain by the model; absent while that is not known. */
  readonly unfit?: readonly Unfit[];
}

/** What a person chose to look at; kept by the webview across reloads. Presentation only. */
export interface PanelView {
  readonly layer?: string;
  readonly pinned?: { readonly layer: string; readonly x: number; readonly y: number };
  readonly opacity: number;
  /** Gaussian smoothing in input pixels; undefined: about 1 % of the width. */
  readonly smoothing?: number;
  readonly colourMap: string;
  readonly layout: 'overlay' | 'side-by-side';
  /** Whether the layer before is shown beside that of a pinned PFV, with lines to what the PFV is made of. */
  readonly sources: boolean;
}

/** What the webview may ask of the host. */
export interface HostApi extends PfvHostApi, TokenHostApi {
  /** The webview is listening: send it a snapshot. */
  ready(params: Record<string, never>): Promise<PanelState>;
  explainTarget(params: { readonly index: number }): Promise<void>;
  /** Back (-1) or forward (1) in what was shown. */
  go(params: { readonly by: -1 | 1 }): Promise<void>;
  /** Another part of the output: a box of a detector, or other positions of a segmentation (null: all). */
  explainPart(params: { readonly score: string } | { readonly where: Where | null }): Promise<void>;
  chooseMethod(params: { readonly method: string }): Promise<void>;
  setOptions(params: { readonly options: OptionValues }): Promise<void>;
  cancel(params: Record<string, never>): Promise<void>;
  retry(params: Record<string, never>): Promise<void>;
  layerMaps(params: { readonly layers: readonly string[] }): Promise<readonly ScalarMap[]>;
  receptiveField(params: { readonly layer: string; readonly x: number; readonly y: number }): Promise<ScalarMap>;
  readers(params: { readonly layer: string; readonly x: number; readonly y: number }): Promise<ScalarMap>;
  /** Lets the person choose methods and compares them. */
  pickCompared(params: Record<string, never>): Promise<void>;
  /** Compares the same methods for another class. */
  compareTarget(params: { readonly index: number }): Promise<void>;
  /** Compares for another class as well, which the person names where none is given. */
  addClass(params: { readonly index?: number }): Promise<void>;
  /** No longer compares for one of several classes. */
  removeClass(params: { readonly column: number }): Promise<void>;
  /** Shows one of the compared explanations by itself. */
  openCompared(params: { readonly method: string; readonly column: number }): Promise<void>;
  /** Maps of compared methods, by the handles of their explanations. */
  comparedMaps(params: { readonly explanations: readonly string[] }): Promise<readonly ScalarMap[]>;
  /** Writes the comparison as one picture. */
  exportComparison(params: Record<string, never>): Promise<void>;
  /** Lets the person choose another method, those that fit the model first. */
  pickMethod(params: Record<string, never>): Promise<void>;
  /** Lets the person choose metrics and judges the explanation by them. */
  judge(params: Record<string, never>): Promise<void>;
  /** Lets the person choose a file for an option; undefined when they do not. */
  pickFile(params: { readonly title: string }): Promise<string | undefined>;
  /** `png` comes with the picture as the panel paints it. */
  exportAs(params: {
    readonly format: 'png' | 'npy' | 'csv' | 'json' | 'html' | 'onnx';
    readonly png?: Uint8Array;
  }): Promise<void>;
  /** What was last shown of the same picture before; null where nothing was. */
  before(params: Record<string, never>): Promise<OtherMap | null>;
  /** Keeps the image at hand, or no longer. */
  pinImage(params: { readonly image: string; readonly pinned: boolean }): Promise<void>;
  /** Asks the same of another image. */
  showImage(params: { readonly image: string }): Promise<void>;
  /** Copies a link to what is shown. */
  copyLink(params: { readonly look?: PanelLook }): Promise<void>;
  writeConfig(params: Record<string, never>): Promise<void>;
  openModelConfig(params: Record<string, never>): Promise<void>;
  /** Shows the network of the explanation, and what flows through it. */
  showNetwork(params: Record<string, never>): Promise<void>;
  /** Opens the line of the training code that made a layer. */
  goToCode(params: { readonly layer: string }): Promise<void>;
  showLog(params: Record<string, never>): Promise<void>;
}

/** What the host tells the webview. */
export interface PanelApi {
  update(params: PanelState): Promise<void>;
  /** Work has begun or goes on: the rest of the state, which is large, stays as it was. */
  working(params: Pick<PanelState, 'question' | 'progress'>): Promise<void>;
  /** Back or forward, first out of what is open within an explanation. */
  go(params: { readonly by: -1 | 1 }): Promise<void>;
  /** Copies a link to what is shown. */
  copyLink(params: Record<string, never>): Promise<void>;
}
