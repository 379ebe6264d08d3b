import { completeOptions } from '../src/engine/options';
import { split } from '../src/graph/split';
import { methodById } from '../src/methods/index';
import type { OptionValue, Score, Subject } from '../src/methods/method';
import { type RelevanceChoice, relevanceGraph } from '../src/methods/relevance/compile';
import { COMPOSITES, type CompositeName } from '../src/methods/relevance/composites';
import { STABILISER } from '../src/methods/relevance/rules';
import { lowered } from './lowered';
import { type Contender, compare, contender, table } from './measure';
import { image, resnet50 } from './models';
import { sessions } from './runtime';

/** What a composite may cost in forward passes. */
const BOUNDS: Partial<Record<CompositeName, number>> = { epsilon: 2.5, 'epsilon-plus': 3.3 };
/** What a further class may. */
const FURTHER = 1.3;

/** Relevance propagation, forward pass included; and what depends on the class alone. */
export async function relevanceSection(rounds: number): Promise<void> {
  const graph = resnet50();
  const [{ name: input, shape }] = graph.inputs;
  const feeds = new Map([[input, image(shape as readonly number[])]]);
  const score: Score = { output: 'logits', select: [0, 3] };
  const subject: Subject = { graph, feeds, input, score, channels: 1 };
  const runtime = sessions();
  const timed = (id: string, options: Readonly<Record<string, OptionValue>>, bound?: number): Contender => {
    const { info, explain } = methodById(id);
    const complete = completeOptions(info, options);
    const label = [id, ...Object.values(options)].join(' ');
    return { label, ...(bound && { bound }), run: () => explain(subject, complete, runtime) };
  };
  const further = async (name: CompositeName) => {
    const choice: RelevanceChoice = {
      composite: COMPOSITES[name]({ epsilon: 1e-6, gamma: 0.25 }),
      stabiliser: STABILISER,
      products: 'gates',
      sums: 'contributions',
    };
    const whole = relevanceGraph(graph, { input, output: 'logits', of: input, ...choice });
    const { trace, pass } = split(await lowered(whole.graph), [whole.seed]);
    const first = await contender(`trace of ${name}`, trace, feeds);
    const weights = Float32Array.from({ length: 1000 }, (_, i) => Number(i === 5));
    const known = new Map([...feeds, ...(await first.session.run(feeds))]);
    known.set(whole.seed, { dtype: 'float32', shape: [1, 1000], data: weights });
    return [first, await contender(`a further class by ${name}`, pass, known, FURTHER)];
  };
  const forward = await contender('forward', graph, feeds);
  const names = Object.keys(COMPOSITES) as CompositeName[];
  const contenders = names.map((composite) => timed('lrp', { composite }, BOUNDS[composite]));
  const others = ['attn-lrp', 'rap', 'rsp'].map((id) => timed(id, {}));
  const passes = (await Promise.all((['epsilon', 'epsilon-plus'] as const).map(further))).flat();
  console.log(`\nResNet-50, ${shape?.join('×')}: relevance`);
  console.log(table(await compare([forward, ...contenders, ...others, ...passes], rounds)));
  for (const { session } of [forward, ...passes]) await session.release();
  await runtime.release();
}
