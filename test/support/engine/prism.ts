import { run } from '../../../src/cli/run';
import type { Terminal } from '../../../src/cli/terminal';
import type { Workspace } from './workspace';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The command line in this process, on the CPU, with its cache in the workspace. */
export async function prism(
  workspace: Workspace,
  args: readonly string[],
  place: Partial<Terminal> = {},
): Promise<Outcome> {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    outIsTerminal: false,
    errIsTerminal: false,
    columns: 80,
    env: { MODEL_PRISM_CACHE: workspace.path('cache') },
    ...place,
  };
  const code = await run([...args, '--provider', 'cpu'], terminal);
  return { code, out, err };
}

/** Text without what changes from run to run and from machine to machine. */
export const steady = (workspace: Workspace, text: string): string =>
  text.replaceAll(workspace.folder, 'DIR').replace(/\d+(\.\d+)? m?s\b/g, 'N ms');
