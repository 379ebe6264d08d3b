import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countParameters, findBadWeights, referToFile, writtenOpset } from '../../../src/engine/weights';
import { exportModel } from '../../../src/graph/export';
import { importModel } from '../../../src/graph/import';
import type { Graph, Tensor } from '../../../src/graph/ir';
import { float32, floating, int64, tensorBytes } from '../../../src/graph/tensor';
import { caseNames, loadCase } from '../../support/cases';
import { Workspace } from '../../support/engine/workspace';
import { scaling } from './graphs';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const holding = (tensors: Record<string, Tensor>): Graph => ({
  ...scaling(1, 1),
  initializers: new Map(Object.entries(tensors)),
});

describe('referToFile', () => {
  it('leaves the weights in the file, the same as they were read', () => {
    const path = workspace.write('m.onnx', exportModel(scaling(3)));
    const imported = importModel(path);
    const { graph, files } = referToFile(path, imported);
    const tensor = graph.initializers.get('W')!;
    expect(tensor.source).toMatchObject({ kind: 'file', path, length: 128 * 128 * 4 });
    expect(Buffer.from(tensorBytes(tensor)).equals(tensorBytes(imported.initializers.get('W')!))).toBe(true);
    expect(files).toEqual([path]);
  });

  it('names contents', () => {
    const hash = (name: string, factor: number): string => {
      const path = workspace.write(name, exportModel(scaling(factor)));
      return referToFile(path, importModel(path)).hash;
    };
    expect(hash('a.onnx', 3)).toBe(hash('b.onnx', 3));
    expect(hash('a.onnx', 3)).not.toBe(hash('c.onnx', 4));
  });

  it('does not need large weights', () => {
    const path = workspace.write('m.onnx', exportModel(scaling(3, 2)));
    expect(referToFile(path, importModel(path)).graph.initializers.get('W')?.source.kind).toBe('bytes');
  });
});

describe('writtenOpset', () => {
  // The case files say which exporter wrote them; the versions are in the files themselves.
  it('is found in files of real exporters', () => {
    const opsets = new Set(caseNames('F-').map((name) => writtenOpset(loadCase(name).bytes())));
    expect([...opsets].every((opset) => opset !== undefined && opset >= 7 && opset <= 25)).toBe(true);
    expect(opsets.size).toBeGreaterThan(1);
  });

  it('of what we write is the target', () => {
    expect(writtenOpset(exportModel(scaling(1)))).toBe(21);
  });
});

describe('findBadWeights', () => {
  it('counts NaN and infinite values', () => {
    const graph = holding({
      good: float32([1, 2]),
      nan: float32([1, Number.NaN, Number.NaN]),
      wide: floating('float64', [Number.NaN, 1]),
      overflow: float32([1, Number.POSITIVE_INFINITY]),
    });
    expect(findBadWeights(graph)).toEqual([
      { name: 'nan', nan: 2, infinite: 0 },
      { name: 'wide', nan: 1, infinite: 0 },
      { name: 'overflow', nan: 0, infinite: 1 },
    ]);
  });

  it('lets attention masks and integers pass', () => {
    const graph = holding({ mask: float32([0, Number.NEGATIVE_INFINITY, 0]), index: int64([1]) });
    expect(findBadWeights(graph)).toEqual([]);
  });
});

describe('countParameters', () => {
  it('counts what training changes', () => {
    const graph = holding({ w: float32(new Float32Array(6), [2, 3]), shape: int64([1, 2]), bound: float32([6], []) });
    expect(countParameters(graph)).toBe(6);
  });
});
