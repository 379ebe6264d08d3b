/** What an error may tell beside its message; `node` and `op` name the place in the model. */
export interface ErrorDetails {
  readonly node?: string;
  readonly op?: string;
  readonly [key: string]: unknown;
}

/**
 * A failure that a user can act on. `code` is stable (SCREAMING_SNAKE_CASE) and is what the command line prints in
 * `error[CODE]`; the message says what failed, where, and what to do.
 *
 * Raised where the fact is known, caught only where it is shown.
 */
export class PrismError extends Error {
  override readonly name = 'PrismError';

  constructor(
    readonly code: string,
    message: string,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
