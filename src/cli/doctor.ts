import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Command } from 'commander';
import { env as onnxruntime } from 'onnxruntime-node';
import { version } from '../../package.json';
import { chooseProvider, listProviders, probeProvider } from '../engine/provider';
import { GraphStore } from '../engine/store';
import { bytes, duration, table } from './format';
import { type CommonOptions, cacheFolder, oneLine } from './session';
import type { Terminal } from './terminal';

interface ProviderReport {
  readonly name: string;
  readonly works: boolean;
  /** Milliseconds that a tiny model took. */
  readonly ms?: number;
  readonly reason?: string;
}

interface DoctorReport {
  readonly version: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly system: string;
  readonly providers: readonly ProviderReport[];
  /** What `--provider auto` takes. */
  readonly provider: string;
  readonly cache: { readonly folder: string; readonly bytes: number; readonly writable: boolean };
  /** Programs found that can run the extension. */
  readonly editors: readonly string[];
}

const EDITORS = ['code', 'code-insiders', 'codium', 'code-server', 'cursor'];

export function doctorCommand(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .summary('check the installation')
    .description('Shows versions, runs a tiny model on every provider, and looks at the cache and for an editor.')
    .action(async (_options, self: Command) => {
      const { json, quiet } = self.optsWithGlobals<CommonOptions>();
      const report = await examine(terminal.env);
      if (json) terminal.out(`${JSON.stringify(report)}\n`);
      else if (!quiet) terminal.out(`${describe(report).join('\n')}\n`);
    });
}

async function examine(env: Terminal['env']): Promise<DoctorReport> {
  const folder = cacheFolder(env);
  const providers: ProviderReport[] = [];
  for (const name of listProviders()) {
    try {
      providers.push({ name, works: true, ms: Math.round(10 * (await probeProvider(name))) / 10 });
    } catch (error) {
      providers.push({ name, works: false, reason: oneLine(error instanceof Error ? error.message : String(error)) });
    }
  }
  return {
    version,
    node: process.versions.node,
    onnxruntime: onnxruntime.versions.node ?? onnxruntime.versions.common,
    system: `${process.platform} ${release()} ${arch()}, ${cpus().length} processors, ${bytes(totalmem())} memory`,
    providers,
    provider: (await chooseProvider('auto')).provider,
    cache: { folder, bytes: new GraphStore(join(folder, 'graphs'), 0).size(), writable: isWritable(folder) },
    editors: EDITORS.flatMap((name) => find(name, env) ?? []),
  };
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The file of a program on the search path. */
function find(name: string, env: Terminal['env']): string | undefined {
  const extensions = process.platform === 'win32' ? ['.cmd', '.exe'] : [''];
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    for (const extension of extensions) {
      const file = join(folder, name + extension);
      if (existsSync(file)) return file;
    }
  }
  return undefined;
}

function describe(report: DoctorReport): string[] {
  const { cache, editors, providers } = report;
  const provider = ({ name, works, ms, reason }: ProviderReport): string[] => {
    const chosen = name === report.provider ? ' (used by default)' : '';
    return [
      'provider',
      works ? `${name} works: a tiny model took ${duration(ms ?? 0)}${chosen}` : (reason ?? `${name} does not work`),
    ];
  };
  return table([
    ['model-prism', report.version],
    ['node', report.node],
    ['onnxruntime', report.onnxruntime],
    ['system', report.system],
    ...providers.map(provider),
    ['cache', `${cache.folder}, ${bytes(cache.bytes)}${cache.writable ? '' : ', cannot be written'}`],
    ['editor', editors.join(', ') || 'no VS Code on the search path; the command line works without'],
  ]);
}
