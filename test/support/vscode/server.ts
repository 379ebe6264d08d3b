import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import type { Machine } from './machine';
import type { Profile } from './profile';
import { until } from './wait';

type ServerMachine = Extract<Machine, { kind: 'server' }>;

const profileArguments = (profile: Profile, extensions: string) => [
  ...['--config', path.join(profile.folder, 'config.yaml')],
  ...['--user-data-dir', profile.folder],
  ...['--extensions-dir', extensions],
];

/** Installs a VSIX into an extensions folder. */
export function installOnServer(machine: Omit<ServerMachine, 'kind'>, profile: Profile, vsix: string): void {
  const args = [machine.codeServer, ...profileArguments(profile, machine.extensions), '--install-extension', vsix];
  const { status, stdout, stderr } = spawnSync(machine.node, args, { env: profile.environment(), encoding: 'utf8' });
  if (status !== 0) throw new Error(`${vsix} was not installed:\n${stdout}${stderr}`);
}

export interface Server {
  readonly port: number;
  /** Ends the server with its extension hosts and engines. */
  stop(): Promise<void>;
}

/** Starts code-server on a free port of this machine. Its output goes to `server.log` in the profile's logs. */
export async function startServer(
  machine: ServerMachine,
  profile: Profile,
  environment: Record<string, string>,
  flags: readonly string[] = [],
): Promise<Server> {
  const child = spawn(
    machine.node,
    [
      machine.codeServer,
      ...profileArguments(profile, machine.extensions),
      ...['--auth', 'none', '--bind-addr', '127.0.0.1:0'],
      ...['--disable-telemetry', '--disable-update-check', '--disable-workspace-trust'],
      '--disable-getting-started-override',
      ...flags,
    ],
    // A group of its own, so that all its descendants can be ended at once.
    { env: profile.environment(environment), detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const log = createWriteStream(path.join(profile.folder, 'server.log'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      log.write(chunk);
    });
  }
  const group = -(child.pid ?? 0);
  const alive = () => {
    try {
      process.kill(group, 0);
      return true;
    } catch {
      return false;
    }
  };
  const kill = () => {
    if (alive()) process.kill(group, 'SIGKILL');
  };
  // Also when the tests themselves are ended from outside: a worker then loses its parent or exits.
  process.once('exit', kill);
  process.once('disconnect', kill);
  const stop = async () => {
    process.off('exit', kill).off('disconnect', kill);
    if (alive()) process.kill(group, 'SIGTERM');
    await until('the server to stop', () => !alive(), { timeout: 5000, every: 50 }).catch(kill);
    log.end();
  };
  try {
    const port = await until(
      'the server to listen',
      () => {
        if (child.exitCode !== null) throw new Error(`code-server ended:\n${output}`);
        return /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1];
      },
      { every: 20 },
    );
    return { port: Number(port), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
