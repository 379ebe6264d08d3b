import { classScore, topClasses } from '../../src/engine/classes';
import type { Engine } from '../../src/engine/engine';
import { random } from '../../src/engine/evaluation/random';
import { classify, forward, fromEmbedding, outputOf } from '../../src/engine/explain';
import { Judge } from '../../src/engine/judge';
import { completeOptions } from '../../src/engine/options';
import { type Given, prepare } from '../../src/engine/subject';
import { methodById } from '../../src/methods/index';
import type { OptionValues } from '../../src/protocol';
import type { CallContext } from '../../src/rpc';
import { median } from '../measure';
import type { Subject, Variant } from './subjects';

/** What an explanation takes. */
export interface Cost {
  /** Milliseconds of processors. */
  readonly ms: number;
  /** As a multiple of what the model itself takes for the input. */
  readonly forwards: number;
}

/** Rounds, and milliseconds after which there are no more. */
const ROUNDS = 5;
const ENOUGH = 4000;
/** A forward pass is too short to be timed alone. */
const FORWARDS = 20;

async function processorMs(run: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The options of a variant: its own, and those that the model's section gives to its method. */
export function optionsOf({ method, options }: Variant, { methodOptions }: Subject): OptionValues {
  const own = Object.entries(methodOptions).filter(([key]) => key.startsWith(`${method}.`));
  return { ...Object.fromEntries(own.map(([key, value]) => [key.slice(method.length + 1), value])), ...options };
}

/**
 * Times a method on one input, in turns with the model itself; what is compiled once for all inputs is left out.
 *
 * @throws PrismError where the model is beyond the method
 */
export async function costOf(
  engine: Engine,
  path: string,
  given: Given,
  variant: Variant,
  subject: Subject,
  context: CallContext,
): Promise<Cost> {
  const method = variant.method === random.info.id ? random : methodById(variant.method);
  const by = { method, options: completeOptions(method.info, optionsOf(variant, subject)) };
  const { result } = await engine.work(
    path,
    async ({ model, request, scratch }) => {
      const prepared = await prepare(model, given, request);
      const output = outputOf(model, prepared);
      const [{ index }] = topClasses(await classify(model, prepared, request), 1);
      const score = classScore(output, index);
      const judge = new Judge(
        { model, prepared: await fromEmbedding(prepared, score), output, score },
        request,
        scratch,
      );
      await judge.explain(by);
      const forwards: number[] = [];
      const own: number[] = [];
      const end = performance.now() + ENOUGH;
      do {
        const several = async (): Promise<void> => {
          for (let i = 0; i < FORWARDS; i++) await forward(model, prepared, output.name, request);
        };
        forwards.push((await processorMs(several)) / FORWARDS);
        own.push(await processorMs(() => judge.explain(by)));
      } while (own.length < ROUNDS && performance.now() < end);
      return { ms: median(own), forwards: median(own.map((ms, round) => ms / forwards[round])) };
    },
    context,
  );
  return result;
}
