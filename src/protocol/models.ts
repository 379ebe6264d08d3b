import type { ExplainParams, Explanation, InputParams, ScalarMap } from '../protocol';
import type { ModelDivergence } from './study';
import type { ViewState, WorkHostApi } from './view';

/** Two models on one input. */
export interface ModelsQuestion extends Omit<ExplainParams, 'model' | keyof InputParams> {
  readonly image: string;
  readonly models: readonly [string, string];
}

/** What the panel of two models shows; maps of layers are asked for apart. */
export interface ModelsState extends ViewState {
  readonly status: 'working' | 'ready' | 'failed';
  readonly question: ModelsQuestion;
  readonly explanations?: readonly [Explanation, Explanation];
  readonly divergence?: ModelDivergence;
}

/** What the webview of two models may ask of the host. */
export interface ModelsHostApi extends WorkHostApi {
  ready(params: Record<string, never>): Promise<ModelsState>;
  /** The maps of a layer in both models, by its index. */
  layerMaps(params: { readonly layer: number }): Promise<readonly [ScalarMap, ScalarMap]>;
  /** Shows one of the two explanations in the panel. */
  open(params: { readonly side: 0 | 1 }): Promise<void>;
}

/** What the host tells the webview of two models. */
export interface ModelsApi {
  update(params: ModelsState): Promise<void>;
}
