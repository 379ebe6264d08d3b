import { describe, expect, it } from 'vitest';
import { layerTitle, pfvLayers } from '../../../src/engine/layers';
import { asShown, channelAxis, mapOfLocations, statistics, sumChannels } from '../../../src/engine/maps';
import { floatArray } from '../../../src/graph/ndarray';

const counting = (shape: readonly number[]) =>
  floatArray(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
  );

describe('maps', () => {
  it('of locations are rows and columns', () => {
    expect(mapOfLocations(counting([2, 3]))).toMatchObject({ width: 3, height: 2 });
    expect(mapOfLocations(counting([4]))).toMatchObject({ width: 4, height: 1 });
    expect(mapOfLocations(counting([2, 3, 5]))).toMatchObject({ width: 5, height: 6 });
    expect(mapOfLocations(counting([]))).toMatchObject({ width: 1, height: 1 });
  });

  it('sum channels wherever they are', () => {
    // Value = 6c + 3y + x of channels first, 2(3y + x) + c of channels last.
    expect(sumChannels(counting([1, 2, 2, 3]), 1)).toEqual({
      width: 3,
      height: 2,
      data: Float32Array.of(6, 8, 10, 12, 14, 16),
    });
    expect(sumChannels(counting([1, 2, 3, 2]), 3)).toEqual({
      width: 3,
      height: 2,
      data: Float32Array.of(1, 5, 9, 13, 17, 21),
    });
    expect(sumChannels(counting([2, 2, 3]), 0)).toMatchObject({ width: 3, height: 2 });
    expect(sumChannels(counting([1, 4, 2]), 2)).toMatchObject({ width: 4, height: 1 });
    expect(sumChannels(counting([2, 3]), undefined)).toMatchObject({ width: 3, height: 2 });
  });

  it('take the first item of a batch', () => {
    expect(sumChannels(counting([2, 1, 1, 2]), 1).data).toEqual(Float32Array.of(0, 1));
  });

  it('are shown from their smallest value where only differences mean something', () => {
    const map = { width: 2, height: 1, data: Float32Array.of(7, 9) };
    expect(asShown(map)).toBe(map);
    expect(asShown(map, true)).toEqual({ width: 2, height: 1, data: Float32Array.of(0, 2) });
  });

  it('guess the channels of values nobody described', () => {
    expect(channelAxis([1, 64, 7, 7])).toBe(1);
    expect(channelAxis([1, 197, 768])).toBe(2);
    expect(channelAxis([1, 10])).toBe(1);
    expect(channelAxis([5])).toBeUndefined();
  });

  it('have sum and range', () => {
    expect(statistics(Float32Array.of(1, -2, 4))).toEqual({ sum: 3, min: -2, max: 4 });
    expect(statistics(new Float32Array(0))).toEqual({ sum: 0, min: 0, max: 0 });
  });
});

describe('titles of layers', () => {
  it.each([
    ['/layer1/layer1.0/relu/Relu_output_0', 'layer1.0.relu'],
    ['/layer1/layer1.0/relu/Relu_1_output_0', 'layer1.0.relu_1'],
    ['/_blocks.2/Add_output_0', '_blocks.2'],
    ['/features/features.2/Relu_output_0', 'features.2'],
    ['/Relu_output_0', 'Relu'],
    ['relu_1', 'relu_1'],
    ['input', 'input'],
  ])('%s → %s', (value, title) => {
    expect(layerTitle(value)).toBe(title);
  });

  it('are whole names where they would be the same', () => {
    const layer = (value: string) => ({ value, op: 'Relu', shape: [1, 2, 3, 4], locations: [3, 4] });
    const layers = pfvLayers([layer('/a/Relu_output_0'), layer('/a/Clip_output_0'), layer('/b/Relu_output_0')]);
    expect(layers.map(({ title }) => title)).toEqual(['/a/Relu_output_0', '/a/Clip_output_0', 'b']);
    expect(layers[0]).toMatchObject({ width: 4, height: 3 });
  });
});
