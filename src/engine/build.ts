declare const MODEL_PRISM_BUILD: string | undefined;

/**
 * Names the source code that this process runs, so that graphs compiled by other code are not taken from the cache.
 * The bundler puts it in; where code runs unbundled there is none.
 */
export const buildId: string = typeof MODEL_PRISM_BUILD === 'undefined' ? 'source' : MODEL_PRISM_BUILD;
