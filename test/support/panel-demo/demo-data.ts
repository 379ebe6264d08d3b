import type { LayerInfo, MethodSummary, ModelInfo } from '../../../src/protocol';

/** What the fake host of the demo page knows; maps are `.npy` files beside it. */
export interface DemoData {
  readonly methods: readonly MethodSummary[];
  readonly model: ModelInfo;
  readonly labels: Readonly<Record<number, string>>;
  /** URL of the picture, its size, and the rectangle that the model saw. */
  readonly photograph: {
    readonly path: string;
    readonly url: string;
    readonly width: number;
    readonly height: number;
    readonly viewport: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  };
  readonly logits: string;
  /** URLs of class maps by class, plain and contrastive. */
  readonly maps: Readonly<Record<number, string>>;
  readonly contrastive: Readonly<Record<number, string>>;
  readonly layers: readonly (LayerInfo & { readonly url?: string })[];
}
