import type { EngineApi } from '../protocol';
import type { PfvApi } from './pfv';
import type { TokenApi } from './tokens';

/** All that the engine process answers. */
export interface ServiceApi extends EngineApi, PfvApi, TokenApi {}
