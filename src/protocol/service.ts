import type {
  ClassScore,
  EngineInfo,
  ExplainParams,
  Explanation,
  LayerInfo,
  MethodSummary,
  ModelInfo,
  ScalarMap,
} from '../protocol';
import type { AttentionApi } from './attention';
import type { FlowApi } from './flow';
import type { PfvApi } from './pfv';
import type { SourceApi } from './source';
import type { JudgedMetric, MapChange, StudyApi } from './study';
import type { TokenApi } from './tokens';

/** What the engine process answers. */
export interface EngineApi extends StudyApi, SourceApi {
  initialize(params: { readonly cacheDir: string | null; readonly provider: string }): Promise<EngineInfo>;
  methods(params: Record<string, never>): Promise<readonly MethodSummary[]>;
  model(params: { readonly path: string }): Promise<ModelInfo>;
  predict(params: {
    readonly model: string;
    readonly image: string;
  }): Promise<{ readonly top: readonly ClassScore[]; readonly ms: number; readonly provider: string }>;
  layers(params: { readonly model: string }): Promise<readonly LayerInfo[]>;
  /** May take long: reports {@link Progress} and can be cancelled. */
  explain(params: ExplainParams): Promise<Explanation>;
  /** Relevance maps of layers of a living explanation. EXPLANATION_GONE when it was evicted: explain again. */
  layerMaps(params: {
    readonly explanation: string;
    readonly layers: readonly string[];
  }): Promise<readonly ScalarMap[]>;
  /** Effective receptive field of one PFV, at the input's resolution; sums to 1. */
  receptiveField(params: {
    readonly explanation: string;
    readonly layer: string;
    readonly x: number;
    readonly y: number;
  }): Promise<ScalarMap>;
  /** How much each PFV of a layer draws on one location of the input. */
  readers(params: {
    readonly explanation: string;
    readonly layer: string;
    readonly x: number;
    readonly y: number;
  }): Promise<ScalarMap>;
  /**
   * Writes the raw attribution (npy), the picture (png), the report (json, or html with what metrics say of it) or the
   * explanation graph (onnx).
   */
  save(params: {
    readonly explanation: string;
    readonly path: string;
    readonly judged?: readonly JudgedMetric[];
  }): Promise<void>;
  release(params: { readonly explanation: string }): Promise<void>;
  /** How alike two maps are; null where their sizes differ. */
  compareMaps(params: { readonly first: ScalarMap; readonly second: ScalarMap }): Promise<MapChange | null>;
  /** Writes the guessed settings of a model as <model>.prism.json and returns its path. */
  writeConfig(params: { readonly model: string }): Promise<string>;
}

/** All that the engine process answers. */
export interface ServiceApi extends AttentionApi, EngineApi, FlowApi, PfvApi, TokenApi {}
