import type { PrismError } from '../graph/errors';
import type { Scratch } from './judge';
import type { Model } from './model';
import type { Request } from './requests';

/** What work on a model has at hand. */
export interface Desk {
  readonly model: Model;
  readonly request: Request;
  /** Room for changed models. */
  readonly scratch: () => Scratch;
  /** Tells the person of what they should know; the work goes on. */
  readonly warn: (warning: PrismError) => void;
}
