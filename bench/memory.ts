import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { EngineClient } from '../src/engine/client';
import { Random } from '../test/support/random';

/**
 * Measures whether the engine's memory stays bounded: `node scripts/run-typescript.mjs bench/memory.ts [MODEL.onnx]
 * [--method ID]`. Exits with 1 when it does not.
 */

/** The engine's memory may grow by so much from the first explanations to the last. */
const LIMIT = 1.2;
const EARLY = 5;
const LATE = 50;

/** Resident memory of a process, in bytes. */
function residentMemory(pid: number): number {
  try {
    const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    if (line) return Number(line[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()) * 1024;
}

/** A picture that no other call makes: noise of a few hundred pixels a side. */
async function picture(folder: string, seed: number): Promise<string> {
  const random = new Random(seed);
  const [width, height] = [400 + 13 * (seed % 7), 300 + 11 * (seed % 5)];
  const data = Uint8Array.from({ length: 3 * width * height }, () => random.uniform(0, 256));
  const path = join(folder, `${seed}.png`);
  writeFileSync(
    path,
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
  return path;
}

async function measure(model: string, method: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'prism-memory-'));
  const engine = new EngineClient({
    module: fileURLToPath(import.meta.url),
    settings: () => ({ cacheDir: join(folder, 'cache'), provider: 'cpu' }),
    log: () => {},
  });
  try {
    const { pid } = await engine.start();
    let early = 0;
    for (let count = 1; count <= LATE; count++) {
      const image = await picture(folder, count);
      const { id, layers } = await engine.api.explain({ model, image, method });
      const layer = layers.at(-1);
      if (layer) {
        await engine.api.layerMaps({ explanation: id, layers: layers.map((each) => each.id) });
        await engine.api.receptiveField({ explanation: id, layer: layer.id, x: 0, y: 0 });
      }
      if (count === EARLY) early = residentMemory(pid);
      if (count % 5 === 0)
        console.log(`${String(count).padStart(3)} explanations: ${(residentMemory(pid) / 1e6).toFixed(0)} MB`);
    }
    const ratio = residentMemory(pid) / early;
    console.log(`after ${LATE} explanations ${ratio.toFixed(2)} × the memory after ${EARLY} (at most ${LIMIT})`);
    if (ratio > LIMIT) process.exitCode = 1;
  } finally {
    engine.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { method: { type: 'string', default: 'srd' } },
    allowPositionals: true,
  });
  const [model = 'media/sample/imagenet/efficientnet-lite0.onnx'] = positionals;
  await measure(model, values.method);
}

// The same file is the engine that it measures: EngineClient starts it as a child.
if (process.send) void import('../src/engine/main');
else {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
