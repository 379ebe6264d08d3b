import type { Graph } from '../src/graph/ir';
import type { NdArray } from '../src/graph/ndarray';
import { openSharing } from '../src/methods/sharing-ratio/explanation';
import { compare, contender, table } from './measure';
import { efficientnetLite0, image, resnet50 } from './models';
import { sessions } from './runtime';

const NETWORKS: readonly (readonly [string, () => Graph, boolean])[] = [
  ['ResNet-50', resnet50, true],
  ['EfficientNet-Lite0', efficientnetLite0, false],
];

/** Sharing ratios: the first class with everything it needs, then what each further question costs. */
export async function srdSection(rounds: number): Promise<void> {
  for (const [name, make, bounded] of NETWORKS) {
    const graph = make();
    const [input] = graph.inputs;
    const feeds = new Map<string, NdArray>([[input.name, image(input.shape as readonly number[])]]);
    const runtime = sessions();
    const subject = { graph, feeds, input: input.name };
    const compiled = { head: 'auto', classToken: 'directed', official: false } as const;
    const options = { contrastive: false, 'class-token': 'directed' };
    const open = () => openSharing(subject, 'logits', compiled, runtime);
    const score = (index: number) => ({ output: 'logits', select: [0, index] });
    const opened = await open();
    const layer = opened.layers[Math.floor(opened.layers.length / 2)];
    const forward = await contender('forward', graph, feeds);
    const first = async () => (await open()).relevance(score(3), options);
    const further = () => opened.relevance(score(5), options);
    const field = () =>
      opened.receptiveField(
        layer.value,
        layer.locations.map((size) => size >> 1),
      );
    const readers = () => opened.readers(opened.layers[0].locations.map((size) => size >> 1));
    console.log(`\n${name}, ${input.shape?.join('×')}: sharing ratios`);
    const timings = await compare(
      [
        forward,
        { label: 'first class, forward included', run: first, bound: bounded ? 2.5 : undefined },
        { label: 'a further class, all layers', run: further, bound: bounded ? 0.1 : undefined },
        { label: 'receptive field of a PFV', run: field, bound: bounded ? 0.1 : undefined },
        { label: 'PFVs that read a pixel', run: readers },
      ],
      rounds,
    );
    console.log(table(timings));
    await forward.session.release();
    await runtime.release();
  }
}
