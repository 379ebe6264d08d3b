import type { EngineApi } from '../protocol';
import type { FlowApi } from './flow';
import type { PfvApi } from './pfv';
import type { TokenApi } from './tokens';

/** All that the engine process answers. */
export interface ServiceApi extends EngineApi, FlowApi, PfvApi, TokenApi {}
