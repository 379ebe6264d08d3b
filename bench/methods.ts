import { completeOptions } from '../src/engine/options';
import type { Graph } from '../src/graph/ir';
import { methodById } from '../src/methods/index';
import type { OptionValue } from '../src/methods/method';
import { type Contender, compare, contender, table } from './measure';
import { efficientnetLite0, image, mobilenetV2, resnet50 } from './models';
import { sessions } from './runtime';

const CAMS = ['grad-cam', 'grad-cam++', 'xgrad-cam', 'hires-cam', 'layer-cam'];
const STEPS = 5;

/** Networks, and what a gradient may cost in forward passes. */
const NETWORKS: readonly (readonly [string, () => Graph, number | undefined])[] = [
  ['ResNet-50', resnet50, 2.25],
  ['EfficientNet-Lite0', efficientnetLite0, undefined],
  ['MobileNetV2', mobilenetV2, 2.8],
];

/** Whole explanations, as a person waits for them, against the forward pass alone. */
export async function methodsSection(rounds: number): Promise<void> {
  for (const [name, make, gradient] of NETWORKS) {
    const graph = make();
    const [{ name: input, shape }] = graph.inputs;
    const feeds = new Map([[input, image(shape as readonly number[])]]);
    const subject = { graph, feeds, input, score: { output: 'logits', select: [0, 3] }, channels: 1 };
    const runtime = sessions();
    const timed = (
      id: string,
      bound: number | undefined,
      options: Readonly<Record<string, OptionValue>> = {},
    ): Contender => {
      const { info, explain } = methodById(id);
      const complete = completeOptions(info, options);
      return { label: id, ...(bound && { bound }), run: () => explain(subject, complete, runtime) };
    };
    const forward = await contender('forward', graph, feeds);
    const cams = CAMS.map((id) => timed(id, 1.3));
    // Both ends of the way are evaluated besides.
    const integrated = timed('integrated-gradients', gradient && 2 + STEPS * gradient, { steps: STEPS });
    console.log(`\n${name}, ${shape?.join('×')}; integrated gradients of ${STEPS} steps`);
    console.log(table(await compare([forward, ...cams, integrated], rounds)));
    await forward.session.release();
    await runtime.release();
  }
}
