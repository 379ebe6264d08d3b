import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { int, ints } from '../../../src/graph/attributes';
import { exportModel } from '../../../src/graph/export';
import type { Graph, Tensor } from '../../../src/graph/ir';
import { float32 } from '../../../src/graph/tensor';

/** A folder of models and pictures that goes away again. */
export class Workspace {
  readonly folder = mkdtempSync(join(tmpdir(), 'prism-workspace-'));

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, contents: string | Uint8Array): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
    return path;
  }

  /** A picture of one colour left and another right of the middle. */
  async picture(name: string, left: Colour, right: Colour, size = SIDE): Promise<string> {
    const data = new Uint8Array(3 * size * size);
    for (let i = 0; i < size * size; i++) data.set(i % size < size / 2 ? left : right, 3 * i);
    const png = await sharp(data, { raw: { width: size, height: size, channels: 3 } })
      .png()
      .toBuffer();
    return this.write(name, png);
  }

  /** The model {@link colours} with labels and settings beside it. */
  colours(name = 'colours.onnx', graph: Graph = colours()): string {
    const stem = name.replace(/\.onnx$/, '');
    this.write(`${stem}.prism.json`, JSON.stringify(COLOUR_SETTINGS));
    this.write('labels.txt', 'red\ngreen\nblue\n');
    return this.write(name, exportModel(graph));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export type Colour = readonly [number, number, number];
export const RED: Colour = [255, 0, 0];
export const BLUE: Colour = [0, 0, 255];

/** Side of the pictures. */
export const SIDE = 16;

export const COLOUR_SETTINGS = {
  task: 'image-classification',
  input: {
    name: 'image',
    layout: 'NCHW',
    channels: 'RGB',
    size: [SIDE, SIDE],
    resize: 'stretch',
    scale: '1/255',
    mean: [0, 0, 0],
    std: [1, 1, 1],
  },
  output: { name: 'logits', kind: 'logits' },
};

/**
 * The logits are `factor` times the mean redness, greenness and blueness of a picture, passed through a convolution of
 * 1 × 1 and a Relu: everything about it can be worked out by hand.
 */
export function colours(factor = 10, more: Partial<Graph> = {}): Graph {
  const kernel = new Float32Array(9);
  for (let i = 0; i < 3; i++) kernel[4 * i] = factor;
  const initializers = new Map<string, Tensor>([
    ['kernel', float32(kernel, [3, 3, 1, 1])],
    ['bias', float32([0, 0, 0])],
  ]);
  return {
    name: 'colours',
    opsets: { '': 21 },
    inputs: [{ name: 'image', dtype: 'float32', shape: ['batch', 3, SIDE, SIDE] }],
    outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 3] }],
    initializers,
    nodes: [
      {
        op: 'Conv',
        domain: '',
        name: '/mix/Conv',
        inputs: ['image', 'kernel', 'bias'],
        outputs: ['/mix/Conv_output_0'],
        attributes: { kernel_shape: ints([1, 1]) },
      },
      {
        op: 'Relu',
        domain: '',
        name: '/act/Relu',
        inputs: ['/mix/Conv_output_0'],
        outputs: ['/act/Relu_output_0'],
        attributes: {},
      },
      {
        op: 'GlobalAveragePool',
        domain: '',
        name: '/pool/GlobalAveragePool',
        inputs: ['/act/Relu_output_0'],
        outputs: ['/pool/GlobalAveragePool_output_0'],
        attributes: {},
      },
      {
        op: 'Flatten',
        domain: '',
        name: '/Flatten',
        inputs: ['/pool/GlobalAveragePool_output_0'],
        outputs: ['logits'],
        attributes: { axis: int(1) },
      },
    ],
    types: new Map(),
    metadata: {},
    ...more,
  };
}
