import { describe, expect, it } from 'vitest';
import { chooseProvider, listProviders, parseProvider, probeProvider } from '../../../src/engine/provider';

describe('providers', () => {
  it('always include the CPU, which computes', async () => {
    expect(listProviders()[0]).toBe('cpu');
    expect(await probeProvider('cpu')).toBeGreaterThan(0);
  });

  it('are taken as asked when they work', async () => {
    expect(await chooseProvider('cpu')).toEqual({ provider: 'cpu' });
  });

  it('fall back to the CPU and say why', async () => {
    // One that no single build of onnxruntime has everywhere.
    const missing = process.platform === 'win32' ? 'coreml' : 'dml';
    const choice = await chooseProvider(missing);
    expect(choice.provider).toBe('cpu');
    expect(choice.reason).toBe(`${missing} is not available here: this build of onnxruntime does not have it`);
    await expect(probeProvider(missing)).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
  });

  it('are found automatically, with a reason when it is the CPU', async () => {
    const { provider, reason } = await chooseProvider('auto');
    expect(listProviders()).toContain(provider);
    expect(provider === 'cpu').toBe(reason !== undefined);
  });

  it('are refused by name when unknown', () => {
    expect(parseProvider('webgpu')).toBe('webgpu');
    expect(() => parseProvider('tpu')).toThrow(expect.objectContaining({ code: 'UNKNOWN_PROVIDER' }));
  });
});
