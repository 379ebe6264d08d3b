import { describe, expect, it } from 'vitest';
import { completeOptions } from '../../../src/engine/options';
import { typeOf } from '../../../src/graph/ir';
import type { NdArray } from '../../../src/graph/ndarray';
import type { NpyArray } from '../../../src/inputs/npy';
import { METHODS } from '../../../src/methods/index';
import type { Method, Score, Subject } from '../../../src/methods/method';
import { loadCase } from '../../support/cases';
import { subjectFor, subjectOfCase } from '../../support/perturbation';
import { subjectOfFamily } from '../../support/relevance';
import { run } from '../../support/run';
import { testRuntime } from '../../support/runtime';

/** Every method on every task: it explains the score asked for, or says by its code why it cannot. */

/** As little work as the sampling methods take. */
const QUICK = { samples: 2, steps: 2, window: 16, stride: 16 };
const FULL = { samples: 128 };

const CAMS = METHODS.filter(({ info }) => info.family === 'cam').map(({ info }) => info.id);
const SPATIAL = ['srd', 'rsp', ...CAMS];
const ATTENTION = ['attention-rollout', 'attention-relevance'];
const RECTIFIED = ['guided-backprop', 'deconvnet', 'guided-grad-cam'];
/** Methods that vary or differentiate what they explain. */
const NUMERIC = METHODS.filter(({ info }) => info.family === 'gradient').map(({ info }) => info.id);
const RELEVANCE = ['lrp', 'attn-lrp', 'rap'];

type Refusals = readonly (readonly [code: string, methods: readonly string[]])[];

interface Task {
  readonly name: string;
  readonly subject: () => Promise<Subject>;
  /** The first that names a method holds. */
  readonly refused: Refusals;
}

const WITHOUT_ATTENTION: Refusals[number] = ['METHOD_DOES_NOT_FIT', ATTENTION];
const WITHOUT_RECTIFIERS: Refusals[number] = ['METHOD_DOES_NOT_FIT', RECTIFIED];
const WITHOUT_LOCATIONS: Refusals[number] = ['NO_LOCATIONS', SPATIAL];

const dense = async (name: string): Promise<Subject> => ({ ...(await subjectOfFamily(name)), channels: 1 });

/** A model of a picture and a table, and a score of one of its outputs. */
async function ofTwo(input: string, score: Score): Promise<Subject> {
  const golden = loadCase('F-two_inputs_two_outputs');
  const feeds = new Map<string, NdArray>(Object.entries(golden.inputs()));
  const { channels: _, ...subject } = await subjectFor(golden.graph(), feeds, score);
  return { ...subject, input, ...(input === 'image' && { channels: 1 }) };
}

/** Texts are explained at the embeddings of their tokens. */
async function identifiers(name: string): Promise<Subject> {
  const { at: _, ...subject } = await subjectOfFamily(name);
  return subject;
}

const TASKS: readonly Task[] = [
  {
    name: 'classification',
    subject: () => subjectOfCase(loadCase('C-small_cnn'), 'logits', 1, { channels: 1 }),
    refused: [WITHOUT_ATTENTION],
  },
  {
    name: 'a label of several',
    subject: () => subjectOfCase(loadCase('F-head_sigmoid'), 'probs', 1, { channels: 1 }),
    refused: [WITHOUT_ATTENTION],
  },
  {
    name: 'a box of a class',
    subject: () => dense('A-mini_yolo'),
    refused: [WITHOUT_ATTENTION, WITHOUT_RECTIFIERS],
  },
  { name: 'a class over a region', subject: () => dense('A-unet_resize_nearest'), refused: [WITHOUT_ATTENTION] },
  {
    name: 'a picture beside a table',
    subject: () => ofTwo('image', { output: 'class', select: [0, 3] }),
    refused: [WITHOUT_ATTENTION],
  },
  {
    name: 'a table beside a picture',
    subject: () => ofTwo('table', { output: 'reg', select: [0, 1] }),
    refused: [WITHOUT_ATTENTION, WITHOUT_LOCATIONS],
  },
  { name: 'sound', subject: () => dense('A-conv1d_audio'), refused: [WITHOUT_ATTENTION] },
  { name: 'video', subject: () => dense('A-conv3d_video'), refused: [WITHOUT_ATTENTION] },
  {
    name: 'a table',
    subject: () => subjectOfFamily('A-tabular_mlp_dynamo'),
    refused: [WITHOUT_ATTENTION, WITHOUT_LOCATIONS],
  },
  {
    name: 'embeddings of a text',
    subject: () => subjectOfFamily('A-bert_tiny'),
    refused: [WITHOUT_ATTENTION, WITHOUT_RECTIFIERS, WITHOUT_LOCATIONS],
  },
  {
    name: 'tokens of a text',
    subject: () => identifiers('A-bert_tiny'),
    refused: [WITHOUT_RECTIFIERS, WITHOUT_LOCATIONS, ['UNSUPPORTED_TYPE', [...NUMERIC, ...RELEVANCE]]],
  },
];

/** The score by its definition, from the output as onnxruntime makes it. */
async function scoreOf({ graph, feeds, score }: Subject): Promise<number> {
  const { data, shape } = (await run(graph, Object.fromEntries(feeds) as Record<string, NpyArray>, [score.output]))[
    score.output
  ];
  const { select, region } = score;
  let sum = 0;
  for (const [flat, value] of (data as Float32Array).entries()) {
    let rest = flat;
    const place = shape.map(() => 0);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    if (!select.every((entry, axis) => entry === ':' || entry === place[axis])) continue;
    const free = place.filter((_, axis) => select[axis] === ':');
    const at = free.reduce((index, part, axis) => index * (region?.shape[axis] ?? 1) + part, 0);
    if (!region || region.data[at]) sum += value;
  }
  return sum;
}

async function explained({ info, explain }: Method, subject: Subject): ReturnType<Method['explain']> {
  const quick = info.id === 'kernel-shap' ? FULL : QUICK;
  const known = Object.entries(quick).filter(([key]) => info.options.some((option) => option.key === key));
  const runtime = testRuntime({ keep: true });
  try {
    return await explain(subject, completeOptions(info, Object.fromEntries(known)), runtime);
  } finally {
    await runtime.release();
  }
}

describe.each(TASKS)('$name', async ({ subject: make, refused }) => {
  const subject = await make();
  const { graph, input, at, score } = subject;
  const shape = typeOf(graph, at ?? input)?.shape as readonly number[];
  const places = shape.filter((_, axis) => axis > 0 && axis !== subject.channels);
  const expected = await scoreOf(subject);

  it.each(METHODS.map((method) => [method.info.id, method] as const))('%s', async (id, method) => {
    const code = refused.find(([, methods]) => methods.includes(id))?.[0];
    if (code !== undefined) {
      await expect(explained(method, subject)).rejects.toThrow(expect.objectContaining({ code }));
      return;
    }
    const { map, score: reached } = await explained(method, subject);
    expect(map.data.every(Number.isFinite)).toBe(true);
    expect([shape.join(), places.join()]).toContain(map.shape.join());
    expect(Math.abs(reached - expected), score.output).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)));
  });
});
