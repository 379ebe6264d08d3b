import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../src/graph/import';
import { type Graph, typeOf } from '../../../src/graph/ir';
import { specialise } from '../../../src/graph/specialise';
import type { NpyArray } from '../../../src/inputs/npy';
import { unfuse } from '../../../src/ops/unfuse';
import { gradientGraph } from '../../../src/reverse/gradient';
import { lower } from '../../../src/reverse/lower';
import { loadCase, relativeError } from '../../support/cases';
import { run, runModel, sessionOptions } from '../../support/run';

/** A model as onnxruntime writes it after it has optimised it. */
async function optimised(bytes: Uint8Array, level: 'extended' | 'all'): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'optimised-'));
  const optimizedModelFilePath = join(folder, 'model.onnx');
  try {
    const options = { ...sessionOptions, graphOptimizationLevel: level, optimizedModelFilePath, logSeverityLevel: 4 };
    const session = await ort.InferenceSession.create(bytes, options as ort.InferenceSession.SessionOptions);
    await session.release();
    return new Uint8Array(readFileSync(optimizedModelFilePath));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function specialised(bytes: Uint8Array, inputs: Readonly<Record<string, NpyArray>>): Promise<Graph> {
  return specialise(importModel(bytes), new Map(Object.entries(inputs).map(([name, { shape }]) => [name, shape])));
}

/** The gradient of a weighted sum of an output by a value, as compiled for the CPU. */
async function gradientOf(
  graph: Graph,
  inputs: Readonly<Record<string, NpyArray>>,
  output: string,
  of: string,
): Promise<Float32Array> {
  const compiled = gradientGraph(graph, { output, wrt: [of], seed: 'weights' });
  const shape = typeOf(graph, output)?.shape as readonly number[];
  const size = shape.reduce((product, dim) => product * dim, 1);
  const weights: NpyArray = {
    dtype: 'float32',
    shape,
    data: Float32Array.from({ length: size }, (_, i) => Math.sin(1 + i)),
  };
  const name = compiled.gradients.get(of) as string;
  const results = await run(lower(compiled.graph, 'cpu'), { ...inputs, [compiled.seed]: weights }, [name]);
  return results[name].data as Float32Array;
}

const FUSED: Readonly<Record<string, readonly string[]>> = {
  'A-resnet18': ['FusedConv'],
  'A-efficientnet_b0': ['FusedConv', 'QuickGelu'],
  'A-vit_b_16_reduced': ['FusedMatMul', 'Gelu', 'SkipLayerNormalization'],
  'A-bert_tiny': ['FusedGemm', 'FusedMatMul', 'Gelu', 'SkipLayerNormalization'],
  'A-llama_tiny_ts': ['FusedMatMul', 'QuickGelu', 'SimplifiedLayerNormalization'],
};

describe('a model that onnxruntime has optimised', () => {
  it.each(Object.entries(FUSED))('%s computes and explains what the original does', async (name, fused) => {
    const golden = loadCase(name);
    const inputs = golden.inputs();
    const bytes = await optimised(golden.bytes(), 'extended');
    const saved = await specialised(bytes, inputs);
    expect(new Set(saved.nodes.map(({ op }) => op))).toEqual(new Set([...saved.nodes.map(({ op }) => op), ...fused]));

    const graph = unfuse(saved);
    expect(graph.nodes.filter(({ domain }) => domain !== '')).toEqual([]);
    expect(new Set(graph.nodes.map(({ op }) => op))).not.toContain('SimplifiedLayerNormalization');
    const [output] = graph.outputs;
    const known = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
    for (const value of saved.nodes.flatMap(({ outputs }) => outputs.slice(0, 1))) expect(known).toContain(value);

    const here = await run(graph, inputs, [output.name]);
    const there = await runModel(bytes, inputs, [output.name]);
    expect(relativeError(here[output.name].data, there[output.name].data)).toBeLessThan(1e-6);

    const { of } = golden.expect.find(({ what }) => what === 'grad') ?? { of: '' };
    const original = await specialised(golden.bytes(), inputs);
    const expected = await gradientOf(original, inputs, output.name, of);
    expect(relativeError(await gradientOf(graph, inputs, output.name, of), expected)).toBeLessThan(1e-5);
  });

  it('for one kind of processor is refused with what to do', async () => {
    const golden = loadCase('A-resnet18');
    const bytes = await optimised(golden.bytes(), 'all');
    await expect(specialised(bytes, golden.inputs())).rejects.toMatchObject({
      code: 'MODEL_FOR_ONE_MACHINE',
      message: expect.stringContaining('ORT_ENABLE_EXTENDED'),
    });
  });
});

describe('what cannot be taken apart', () => {
  it('stays as it is, so that it can be run', async () => {
    const shape = [1, 4, 2, 3, 2];
    const graph: Graph = {
      name: 'packed',
      opsets: { '': 21, 'com.microsoft': 1 },
      inputs: [{ name: 'x', dtype: 'float32', shape }],
      outputs: [{ name: 'y', dtype: 'float32', shape: [1, 4, 4] }],
      initializers: new Map(),
      nodes: [
        {
          op: 'MultiHeadAttention',
          domain: 'com.microsoft',
          name: 'attention',
          inputs: ['x'],
          outputs: ['y'],
          attributes: { num_heads: { type: 'int', value: 2 } },
        },
      ],
      types: new Map(),
      metadata: {},
    };
    expect(unfuse(graph).nodes).toEqual(graph.nodes);
  });
});
