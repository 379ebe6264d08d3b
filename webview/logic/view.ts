import type { KeptHistory, PanelQuestion, PanelState, PanelView } from '../../src/protocol/panel';
import { colourMapsOf } from './colour-maps';
import { flickerRates } from './flicker';
import type { ScaleRule } from './scale';
import { sameContent } from './snapshot';

/** What the panel keeps: presentation and the host's question, never data. */
export interface View extends PanelView {
  /** Not the panel's to read: the host wants it back after a reload. */
  readonly question?: PanelQuestion;
  /** Likewise. */
  readonly history?: KeptHistory;
  /** What was opened last because the host said so: it is not opened again after a reload. */
  readonly opened?: string;
  /** Colour map for attributions without sign; `colourMap` is the one for signed ones. */
  readonly sequentialMap: string;
  readonly scale: ScaleRule;
  /** Whether pictures beside each other are magnified together. */
  readonly linked: boolean;
  /** Changes a second when two pictures alternate. */
  readonly flickerRate: number;
  /** Whether a comparison is shown as a whole; undefined while there is none. */
  readonly grid?: boolean;
}

export const defaultView: View = {
  opacity: 0.8,
  colourMap: colourMapsOf('diverging')[0]!.id,
  sequentialMap: colourMapsOf('sequential')[0]!.id,
  scale: 'maximum',
  layout: 'overlay',
  linked: true,
  sources: true,
  flickerRate: flickerRates.usual,
};

/** A view with the host's question and history, which the host gets back after a reload; the same one where it has them. */
export function keptForHost(view: View, { question = view.question, history }: PanelState): View {
  const { entries = [], index = 0 } = history ?? view.history ?? {};
  if (sameContent([view.question, view.history], [question, { entries, index }])) return view;
  return { ...view, ...(question && { question }), history: { entries, index } };
}

/** The largest smoothing the slider offers, in input pixels. */
export const mostSmoothing = 10;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isIndex = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

/** A kept view, whatever an older version left behind: what is not understood takes its default. */
export function restoreView(kept: unknown): View {
  if (!isRecord(kept)) return defaultView;
  const within = (value: unknown, high: number): value is number =>
    typeof value === 'number' && value >= 0 && value <= high;
  const {
    question,
    history,
    opened,
    layer,
    pinned,
    opacity,
    smoothing,
    colourMap,
    sequentialMap,
    scale,
    layout,
    linked,
    sources,
    flickerRate,
    grid,
  } = kept;
  return {
    ...(isRecord(question) && { question: question as unknown as PanelQuestion }),
    ...(isRecord(history) && { history: history as unknown as KeptHistory }),
    ...(typeof opened === 'string' && { opened }),
    ...(typeof layer === 'string' && { layer }),
    ...(isRecord(pinned) &&
      typeof pinned.layer === 'string' &&
      isIndex(pinned.x) &&
      isIndex(pinned.y) && { pinned: { layer: pinned.layer, x: pinned.x, y: pinned.y } }),
    ...(within(smoothing, mostSmoothing) && { smoothing }),
    ...(typeof grid === 'boolean' && { grid }),
    opacity: within(opacity, 1) ? opacity : defaultView.opacity,
    colourMap: typeof colourMap === 'string' ? colourMap : defaultView.colourMap,
    sequentialMap: typeof sequentialMap === 'string' ? sequentialMap : defaultView.sequentialMap,
    scale: scale === 'percentile' ? scale : defaultView.scale,
    linked: linked !== false,
    flickerRate: within(flickerRate, flickerRates.most) ? flickerRate : defaultView.flickerRate,
    layout: layout === 'side-by-side' ? layout : defaultView.layout,
    sources: typeof sources === 'boolean' ? sources : defaultView.sources,
  };
}
