import { PrismError } from '../../../src/graph/errors';

/** The code of the PrismError that an action ends with; undefined when it ends well. Any other error is passed on. */
export function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof PrismError) return error.code;
    throw error;
  }
}

/** As {@link codeOf} for what is awaited; gives the whole error. */
export async function errorOf(action: Promise<unknown>): Promise<PrismError | undefined> {
  try {
    await action;
    return undefined;
  } catch (error) {
    if (error instanceof PrismError) return error;
    throw error;
  }
}
