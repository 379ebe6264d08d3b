import type { PrismError } from '../graph/errors';
import type { RemoteError } from '../protocol';
import type { CallContext } from '../rpc';
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

/** What work gave, and what belongs to every result. */
export interface Worked<R> {
  readonly result: R;
  readonly provider: string;
  readonly ms: Readonly<Record<string, number>>;
  readonly warnings: readonly RemoteError[];
}

/** Who lends desks: an engine. */
export interface Workshop {
  work<R>(path: string, task: (desk: Desk) => Promise<R>, context?: CallContext): Promise<Worked<R>>;
}
