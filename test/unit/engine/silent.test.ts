import { afterEach, beforeEach, expect, it } from 'vitest';
import { Service } from '../../../src/engine/service';
import { float32 } from '../../../src/graph/tensor';
import { BLUE, colours, RED, Workspace } from '../../support/engine/workspace';
import { graphOf, node, noise, value } from '../../support/graphs';

let workspace: Workspace;
let service: Service;
beforeEach(async () => {
  workspace = new Workspace();
  service = new Service({ version: 'test' });
  await service.initialize({ cacheDir: null, provider: 'cpu' });
});
afterEach(() => {
  service.dispose();
  workspace.remove();
});

async function silentOf(model: string) {
  const image = await workspace.picture('p.png', RED, BLUE);
  const { id } = await service.explain({ model, image, method: 'gradient' });
  return service.silent({ explanation: id });
}

it('counts the colour that a picture has not', async () => {
  expect(await silentOf(workspace.colours())).toEqual([{ layer: '/act/Relu_output_0', silent: 1, units: 3 }]);
});

it('counts channels and entries that are zero everywhere, and no others', async () => {
  const kernel = noise(8 * 3, 3);
  const bias = noise(8, 5).map((number) => number / 4);
  const first = noise(8 * 5, 7);
  const start = noise(5, 11).map((number) => number / 4);
  const graph = graphOf({
    inputs: [...colours().inputs],
    outputs: [value('logits', ['batch', 3])],
    initializers: {
      kernel: float32(kernel, [8, 3, 1, 1]),
      bias: float32(bias),
      first: float32(first, [8, 5]),
      start: float32(start),
      zero: float32([0], []),
      second: float32(noise(5 * 3, 13), [5, 3]),
      end: float32([1, 2, 3]),
    },
    nodes: [
      node('Conv', ['image', 'kernel', 'bias'], ['mixed']),
      node('Relu', ['mixed'], ['channels']),
      node('GlobalAveragePool', ['channels'], ['pooled']),
      node('Flatten', ['pooled'], ['flat']),
      node('Gemm', ['flat', 'first', 'start'], ['hidden']),
      node('Clip', ['hidden', 'zero'], ['entries']),
      node('LeakyRelu', ['entries'], ['never']),
      node('Gemm', ['never', 'second', 'end'], ['logits']),
    ],
  });
  // Every pixel of the picture is red or blue, half of them each.
  const at = (pixel: readonly number[], channel: number): number =>
    Math.max(
      0,
      pixel.reduce((sum, part, c) => sum + (part / 255) * kernel[3 * channel + c], bias[channel]),
    );
  const channels = Array.from({ length: 8 }, (_, channel) => [at(RED, channel), at(BLUE, channel)]);
  const means = channels.map(([red, blue]) => (red + blue) / 2);
  const entries = Array.from({ length: 5 }, (_, entry) =>
    Math.max(
      0,
      means.reduce((sum, mean, c) => sum + mean * first[5 * c + entry], start[entry]),
    ),
  );
  const zeros = (all: readonly number[]): number => all.filter((one) => one === 0).length;
  expect(zeros(means)).toBeGreaterThan(0);
  expect(zeros(entries)).toBeGreaterThan(0);
  expect(await silentOf(workspace.colours('net.onnx', graph))).toEqual([
    { layer: 'channels', silent: zeros(means), units: 8 },
    { layer: 'entries', silent: zeros(entries), units: 5 },
  ]);
});
