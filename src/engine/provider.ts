import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { listSupportedBackends } from 'onnxruntime-node';
import { PrismError } from '../graph/errors';
import { exportModel } from '../graph/export';
import type { Graph } from '../graph/ir';
import { float32 } from '../graph/tensor';
import { createSession, type Provider } from './session';

/** What a person may ask for. */
export const PROVIDER_WISHES = ['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;
export type ProviderWish = (typeof PROVIDER_WISHES)[number];

/** The provider in use, and why it is not the one asked for. */
export interface ProviderChoice {
  readonly provider: Provider;
  readonly reason?: string;
}

const NO_ADAPTER = 'no graphics adapter was found';

/** The fastest first. */
const PREFERENCE: readonly Provider[] = ['cuda', 'webgpu', 'dml', 'coreml'];

/** A wish as typed by a person. Throws UNKNOWN_PROVIDER. */
export function parseProvider(text: string): ProviderWish {
  const wish = PROVIDER_WISHES.find((known) => known === text);
  if (wish) return wish;
  throw new PrismError(
    'UNKNOWN_PROVIDER',
    `there is no provider ${JSON.stringify(text)}; choose one of ${PROVIDER_WISHES.join(', ')}`,
  );
}

/** The providers that this build of onnxruntime knows, usable or not. */
export function listProviders(): Provider[] {
  const known = new Set<string>(listSupportedBackends().map(({ name }) => name));
  return (['cpu', ...PREFERENCE] as const).filter((provider) => known.has(provider));
}

/** 2x + 1 of four numbers. */
const PROBE: Graph = {
  name: 'probe',
  opsets: { '': 21 },
  inputs: [{ name: 'x', dtype: 'float32', shape: [4] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: [4] }],
  initializers: new Map([
    ['two', float32([2])],
    ['one', float32([1])],
  ]),
  nodes: [
    { op: 'Mul', domain: '', name: 'double', inputs: ['x', 'two'], outputs: ['doubled'], attributes: {} },
    { op: 'Add', domain: '', name: 'increment', inputs: ['doubled', 'one'], outputs: ['y'], attributes: {} },
  ],
  types: new Map(),
  metadata: {},
};

/** Runs a tiny model on a provider. Resolves to the milliseconds that took; throws PROVIDER_UNAVAILABLE. */
export async function probeProvider(provider: Provider): Promise<number> {
  const start = performance.now();
  const unavailable = (why: string, cause?: unknown): PrismError =>
    new PrismError('PROVIDER_UNAVAILABLE', `${provider} is not available here: ${why}`, { provider }, { cause });
  if (!listProviders().includes(provider)) throw unavailable('this build of onnxruntime does not have it');
  if (provider === 'webgpu' && !hasDriver()) throw unavailable(NO_ADAPTER);
  try {
    const session = await createSession(exportModel(PROBE), provider);
    try {
      const x = { dtype: 'float32', shape: [4], data: Float32Array.of(0, 1, -2, 0.5) } as const;
      const y = (await session.run(new Map([['x', x]]))).get('y');
      const [a, b, c, d] = y?.data ?? [];
      if (a !== 1 || b !== 3 || c !== -3 || d !== 2) throw unavailable('it computes wrong numbers');
    } finally {
      await session.release();
    }
  } catch (cause) {
    if (cause instanceof PrismError && cause.code === 'PROVIDER_UNAVAILABLE') throw cause;
    throw unavailable(explain(cause), cause);
  }
  return performance.now() - start;
}

/** onnxruntime's messages begin with the place in its sources. */
function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/shared library|libonnxruntime_providers/i.test(message)) return 'its libraries are not installed';
  if (/WebGPU adapter/i.test(message)) return NO_ADAPTER;
  return message.replace(/^onnxruntime cannot load the model on \w+: /, '').split('\n')[0];
}

/** Where drivers of graphics processors are announced on Linux. */
const DRIVER_FOLDERS = ['/etc', '/usr/share', '/usr/local/share', `${homedir()}/.local/share`].map(
  (folder) => `${folder}/vulkan/icd.d`,
);

/** Asking for an adapter where there is no driver makes the graphics libraries print warnings. */
function hasDriver(): boolean {
  if (process.platform !== 'linux') return true;
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES, VK_ADD_DRIVER_FILES } = process.env;
  if (VK_ICD_FILENAMES || VK_DRIVER_FILES || VK_ADD_DRIVER_FILES) return true;
  return DRIVER_FOLDERS.some((folder) => existsSync(folder) && readdirSync(folder).length > 0);
}

/**
 * The provider to use for a wish. `auto` takes the fastest that works; a wish that cannot be fulfilled falls back to
 * the CPU and says why.
 */
export async function chooseProvider(wish: ProviderWish): Promise<ProviderChoice> {
  if (wish === 'cpu') return { provider: 'cpu' };
  if (wish !== 'auto') {
    try {
      await probeProvider(wish);
      return { provider: wish };
    } catch (error) {
      return { provider: 'cpu', reason: error instanceof Error ? error.message : String(error) };
    }
  }
  const known = listProviders();
  for (const provider of PREFERENCE) {
    if (!known.includes(provider)) continue;
    try {
      await probeProvider(provider);
      return { provider };
    } catch {
      // The next one may work; the CPU always does.
    }
  }
  return { provider: 'cpu', reason: 'no graphics processor that onnxruntime can use was found' };
}
