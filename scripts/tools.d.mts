/** The project's folder. */
export const root: string;

/** Runs a package's command by this Node. */
export function runBin(
  name: string,
  args: readonly string[],
  options?: { command?: string; cwd?: string; stdio?: 'ignore' | 'inherit' },
): void;
