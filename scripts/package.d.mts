/** Where the package of a target is written. */
export function vsixPath(target?: string): string;
