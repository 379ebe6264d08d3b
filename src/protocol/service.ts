import type { EngineApi } from '../protocol';
import type { PfvApi } from './pfv';

/** All that the engine process answers. */
export interface ServiceApi extends EngineApi, PfvApi {}
