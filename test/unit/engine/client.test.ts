import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EngineClient, type EngineClientOptions, type EngineStatus } from '../../../src/engine/client';
import type { Progress } from '../../../src/protocol';
import { bundleProgram } from '../../support/engine/bundle';

let module: string;
beforeAll(async () => {
  module = await bundleProgram('test/support/engine/fake-engine.ts');
});

const open: EngineClient[] = [];
afterEach(() => {
  for (const engine of open.splice(0)) engine.dispose();
});

function start(options: Partial<EngineClientOptions> = {}) {
  const lines: string[] = [];
  const statuses: EngineStatus[] = [];
  const engine = new EngineClient({
    module,
    settings: () => ({ cacheDir: '/cache', provider: 'cpu' }),
    log: (line) => lines.push(line),
    graceMs: 200,
    ...options,
  });
  engine.onStatus((status) => statuses.push(status));
  open.push(engine);
  return { engine, lines, statuses, states: () => statuses.map(({ state }) => state) };
}

const nameOf = async (engine: EngineClient, path: string): Promise<string> => (await engine.api.model({ path })).name;

describe('EngineClient', () => {
  it('starts with the first request, initialised, and keeps running', async () => {
    const { engine, states, lines } = start();
    expect(engine.status.state).toBe('stopped');
    const first = await nameOf(engine, 'm');
    expect(await nameOf(engine, 'm')).toBe(first);
    expect(states()).toEqual(['starting', 'ready']);
    expect(await engine.start()).toMatchObject({ version: '1.2.3', provider: 'cpu', providers: ['/cache'] });
    expect(lines[0]).toMatch(/^engine 1\.2\.3 started/);
  });

  it('passes failures on', async () => {
    const { engine } = start();
    await expect(engine.api.model({ path: 'refuse' })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: 'no model',
      details: { node: 'a' },
    });
  });

  it('gives the engine a clean environment', async () => {
    process.env.NODE_OPTIONS = '--no-warnings';
    try {
      const { engine } = start({ env: { FLAVOUR: 'sweet' } });
      expect(await nameOf(engine, 'environment')).toBe('undefined|sweet');
    } finally {
      delete process.env.NODE_OPTIONS;
    }
  });

  it('fails what is pending with the cause when the engine crashes, and starts again with the next request', async () => {
    const { engine, states } = start();
    const before = await nameOf(engine, 'm');
    const other = engine.api.predict({ model: 'm', image: 'i' });
    const crash = engine.api.model({ path: 'crash' });
    await expect(crash).rejects.toMatchObject({ code: 'ENGINE_CRASHED', details: { signal: 'SIGABRT' } });
    await expect(crash).rejects.toThrow(/SIGABRT.*fatal error: it hurts/);
    await expect(other).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    expect(states()).toEqual(['starting', 'ready', 'ended']);
    expect(await nameOf(engine, 'm')).not.toBe(before);
    expect(engine.status.state).toBe('ready');
  });

  it('tells the exit code of an engine that leaves', async () => {
    const { engine } = start();
    await expect(engine.api.model({ path: 'exit' })).rejects.toThrow('exit code 7');
  });

  it('survives being killed from outside in mid-run', async () => {
    const { engine } = start();
    const { pid } = await engine.start();
    const call = engine.api.model({ path: 'block' });
    setTimeout(() => process.kill(pid, 'SIGKILL'), 100);
    await expect(call).rejects.toThrow(/SIGKILL.*memory/);
    expect(await nameOf(engine, 'm')).toMatch(/^m of/);
  });

  it('says what failed when it cannot start, and tries again with the next request', async () => {
    const wishes = ['broken', 'cpu'];
    const { engine, states } = start({ settings: () => ({ cacheDir: null, provider: wishes.shift() ?? '' }) });
    await expect(engine.api.model({ path: 'm' })).rejects.toMatchObject({ code: 'ENGINE_START_FAILED' });
    expect(await nameOf(engine, 'm')).toMatch(/^m of/);
    expect(states()).toEqual(['starting', 'ended', 'starting', 'ready']);
  });

  it('says what failed when its program is missing', async () => {
    const { engine } = start({ module: '/nowhere/engine.js' });
    await expect(engine.start()).rejects.toMatchObject({ code: 'ENGINE_START_FAILED' });
  });

  it('passes the refusal of its settings on', async () => {
    const { engine } = start({ settings: () => ({ cacheDir: null, provider: 'unknown' }) });
    await expect(engine.api.model({ path: 'm' })).rejects.toMatchObject({ code: 'UNKNOWN_PROVIDER' });
  });

  it('stops a request that listens without ending the process', async () => {
    const { engine } = start();
    const before = await nameOf(engine, 'm');
    const controller = new AbortController();
    const seen: string[] = [];
    const onProgress = ({ message }: Progress): void => {
      seen.push(message);
      controller.abort();
    };
    const call = engine.api.predict({ model: 'm', image: 'i' }, { cancel: controller.signal, onProgress });
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(seen).toEqual(['m']);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await nameOf(engine, 'm')).toBe(before);
  });

  it('ends the process under a cancelled request that does not stop, and asks again for what is wanted', async () => {
    const { engine, statuses } = start();
    const before = await nameOf(engine, 'm');
    const controller = new AbortController();
    const blocked = engine.api.model({ path: 'block' }, { cancel: controller.signal });
    const wanted = nameOf(engine, 'm');
    setTimeout(() => controller.abort(), 100);
    await expect(blocked).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await wanted).toMatch(/^m of/);
    expect(await wanted).not.toBe(before);
    const ended = statuses.find((status) => status.state === 'ended');
    expect(ended?.error.code).toBe('ENGINE_RESTARTED');
  });

  it('does not end the process for a cancelled request while an older one is wanted', async () => {
    const { engine, states } = start();
    await engine.start();
    const older = engine.api.predict({ model: 'older', image: 'i' });
    older.catch(() => {});
    const controller = new AbortController();
    const block = engine.api.model({ path: 'block' }, { cancel: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(block).rejects.toMatchObject({ code: 'CANCELLED' });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(states()).toEqual(['starting', 'ready']);
  });

  it('restarts on request', async () => {
    const { engine } = start();
    const before = await engine.start();
    const pending = engine.api.predict({ model: 'm', image: 'i' });
    pending.catch(() => {});
    const after = await engine.restart();
    await expect(pending).rejects.toMatchObject({ code: 'ENGINE_RESTARTED' });
    expect(after.pid).not.toBe(before.pid);
  });

  it('fails what is pending and what comes later when it is disposed', async () => {
    const { engine } = start();
    await engine.start();
    const pending = engine.api.predict({ model: 'm', image: 'i' });
    pending.catch(() => {});
    engine.dispose();
    await expect(pending).rejects.toMatchObject({ code: 'ENGINE_STOPPED' });
    await expect(engine.api.model({ path: 'm' })).rejects.toMatchObject({ code: 'ENGINE_STOPPED' });
  });

  it('does not start for a request that was cancelled before', async () => {
    const { engine } = start();
    const call = engine.api.model({ path: 'm' }, { cancel: AbortSignal.abort() });
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(engine.status.state).toBe('stopped');
  });
});
