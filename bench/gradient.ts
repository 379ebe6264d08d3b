import type { Graph } from '../src/graph/ir';
import type { NdArray } from '../src/graph/ndarray';
import { gradientGraph } from '../src/reverse/gradient';
import { lowered } from './lowered';
import { compare, contender, table } from './measure';
import { efficientnetLite0, image, mobilenetV2, resnet50, vitB16 } from './models';

const NETWORKS: readonly (readonly [string, () => Graph, number | undefined])[] = [
  ['ResNet-50', resnet50, 2.4],
  ['EfficientNet-Lite0', efficientnetLite0, undefined],
  ['MobileNetV2', mobilenetV2, 2.8],
  ['ViT-B/16', vitB16, 2.25],
];

/** The input gradient of one class, forward pass and logits included, against the forward pass alone. */
export async function gradientSection(rounds: number): Promise<void> {
  for (const [name, make, bound] of NETWORKS) {
    const graph = make();
    const [input] = graph.inputs;
    const picture = image(input.shape as readonly number[]);
    const { graph: backward, seed } = gradientGraph(graph, { output: 'logits', wrt: [input.name], seed: 'target' });
    const target: NdArray = { dtype: 'int64', shape: [1], data: BigInt64Array.of(3n) };
    const forwardOnly = await contender('forward', graph, new Map([[input.name, picture]]));
    const feeds = new Map([
      [input.name, picture],
      [seed, target],
    ]);
    const both = await contender('forward and gradient', await lowered(backward), feeds, bound);
    console.log(`\n${name}, ${input.shape?.join('×')}`);
    console.log(table(await compare([forwardOnly, both], rounds)));
    await forwardOnly.session.release();
    await both.session.release();
  }
}
