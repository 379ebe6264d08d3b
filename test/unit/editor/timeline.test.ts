import { describe, expect, it } from 'vitest';
import { type CheckpointExplainer, Timeline } from '../../../src/editor/checkpoints/timeline';
import { PrismError } from '../../../src/graph/errors';
import type { ClassScore, ScalarMap } from '../../../src/protocol';
import type { MapChange } from '../../../src/protocol/study';

const target = (index: number): ClassScore => ({ index, label: `class ${index}`, score: 1, probability: 1 });
const map = (...data: number[]): ScalarMap => ({ width: data.length, height: 1, data: Float32Array.from(data) });

/** What each checkpoint says of every image; `alike` is what comparing two maps gives. */
class Teacher implements CheckpointExplainer {
  readonly asked: string[] = [];
  readonly answers = new Map<string, readonly [number, ScalarMap] | PrismError>();
  alike: MapChange | null = { correlation: 0.9, overlap: 0.8 };
  wait: Promise<void> = Promise.resolve();

  async explain(model: string, image: string) {
    this.asked.push(`${model} ${image}`);
    await this.wait;
    const answer = this.answers.get(model) ?? ([0, map(1)] as const);
    if (answer instanceof PrismError) throw answer;
    return { target: target(answer[0]), map: answer[1] };
  }

  async compare(): Promise<MapChange | null> {
    return this.alike;
  }
}

function timeline(limit?: number) {
  const teacher = new Teacher();
  const alike = { now: 0.5 };
  const line = new Timeline(
    teacher,
    () => {},
    () => alike.now,
    limit,
  );
  return { teacher, line, alike };
}

describe('a timeline of checkpoints', () => {
  it('explains every pinned image by every checkpoint, the oldest first', async () => {
    const { teacher, line } = timeline();
    line.pin(['x', 'y']);
    line.add('a', 'a', 1);
    line.add('b', 'b', 2);
    await line.rest();
    expect(teacher.asked).toEqual(['a x', 'a y', 'b x', 'b y']);
    expect(line.steps.map(({ cells }) => Object.values(cells).map(({ status }) => status))).toEqual([
      ['ready', 'ready'],
      ['ready', 'ready'],
    ]);
    const [first, second] = line.steps;
    expect(first.cells.x.change).toBeUndefined();
    expect(second.cells.x.change).toEqual({
      maps: { correlation: 0.9, overlap: 0.8 },
      samePrediction: true,
      otherReason: false,
    });
    expect(line.map(second.id, 'x')).toEqual(map(1));
  });

  it.each([
    ['ranks', { correlation: 0.2, overlap: 0.9 }, 0, true],
    ['places', { correlation: 0.9, overlap: 0.1 }, 0, true],
    ['nothing', { correlation: 0.9, overlap: 0.9 }, 0, false],
    ['the prediction too', { correlation: 0.1, overlap: 0 }, 1, false],
  ])('marks another reason for the same prediction: %s changed', async (_what, alike, second, marked) => {
    const { teacher, line } = timeline();
    teacher.alike = alike;
    teacher.answers.set('b', [second, map(2)]);
    line.pin(['x']);
    line.add('a', 'a', 1);
    line.add('b', 'b', 2);
    await line.rest();
    expect(line.steps[1].cells.x.change?.otherReason).toBe(marked);
    expect(line.steps[1].cells.x.change?.samePrediction).toBe(second === 0);
  });

  it('marks by what the person takes for the same reason', async () => {
    const { teacher, line, alike } = timeline();
    teacher.alike = { correlation: 0.6, overlap: 0.9 };
    alike.now = 0.7;
    line.pin(['x']);
    for (const name of ['a', 'b']) line.add(name, name, 1);
    await line.rest();
    expect(line.steps[1].cells.x.change?.otherReason).toBe(true);
  });

  it('compares any two', async () => {
    const { teacher, line } = timeline();
    teacher.answers.set('c', [1, map(3)]);
    teacher.answers.set('d', new PrismError('MODEL_TRUNCATED', 'half'));
    line.pin(['x']);
    for (const name of ['a', 'b', 'c', 'd']) line.add(name, name, 1);
    await line.rest();
    const [a, , c, d] = line.steps.map(({ id }) => id);
    expect(await line.changeBetween(a, c, 'x')).toEqual({
      maps: { correlation: 0.9, overlap: 0.8 },
      samePrediction: false,
      otherReason: false,
    });
    expect(await line.changeBetween(a, d, 'x')).toBeUndefined();
    expect(await line.changeBetween(a, 'none', 'x')).toBeUndefined();
  });

  it('keeps what other checkpoints said when one fails, and compares across it', async () => {
    const { teacher, line } = timeline();
    teacher.answers.set('b', new PrismError('INPUT_SHAPE', 'another architecture'));
    line.pin(['x']);
    for (const name of ['a', 'b', 'c']) line.add(name, name, 1);
    await line.rest();
    expect(line.steps.map(({ cells }) => cells.x.status)).toEqual(['ready', 'failed', 'ready']);
    expect(line.steps[1].cells.x.error?.code).toBe('INPUT_SHAPE');
    expect(line.steps[2].cells.x.change?.samePrediction).toBe(true);
  });

  it('replaces a state of a file that was not whole by the one that is', async () => {
    const { teacher, line } = timeline();
    teacher.answers.set('a', new PrismError('MODEL_TRUNCATED', 'half'));
    line.pin(['x']);
    line.add('a', 'first', 1);
    await line.rest();
    expect(line.steps[0].cells.x.error?.code).toBe('MODEL_TRUNCATED');
    teacher.answers.delete('a');
    line.add('a', 'second', 2);
    await line.rest();
    expect(line.steps.map(({ name, cells }) => `${name} ${cells.x.status}`)).toEqual(['second ready']);
  });

  it('keeps earlier states of a file that is written again and again', async () => {
    const { line } = timeline();
    line.pin(['x']);
    for (const time of [1, 2, 3]) {
      line.add('a', `at ${time}`, time);
      await line.rest();
    }
    expect(line.steps.map(({ name, cells }) => `${name} ${cells.x.status}`)).toEqual([
      'at 1 ready',
      'at 2 ready',
      'at 3 ready',
    ]);
  });

  it('does not take a later state of a file for one that nobody looked at in time', async () => {
    const { teacher, line } = timeline();
    let go = (): void => {};
    teacher.wait = new Promise((resolve) => {
      go = resolve;
    });
    line.pin(['x']);
    line.add('other', 'other', 1);
    line.add('a', 'first', 2);
    line.add('a', 'second', 3);
    go();
    await line.rest();
    expect(teacher.asked).toEqual(['other x', 'a x']);
    expect(line.steps.map(({ name }) => name)).toEqual(['other', 'second']);
  });

  it('explains a newly pinned image by the latest checkpoint only, and forgets an unpinned one', async () => {
    const { teacher, line } = timeline();
    line.pin(['x']);
    line.add('a', 'a', 1);
    line.add('b', 'b', 2);
    await line.rest();
    line.pin(['x', 'y']);
    await line.rest();
    expect(teacher.asked).toEqual(['a x', 'b x', 'b y']);
    line.pin(['y']);
    await line.rest();
    expect(line.map(line.steps[1].id, 'x')).toBeUndefined();
    expect(line.map(line.steps[1].id, 'y')).toBeDefined();
  });

  it('keeps so many checkpoints, the latest', async () => {
    const { line } = timeline(2);
    line.pin(['x']);
    for (const name of ['a', 'b', 'c']) line.add(name, name, 1);
    await line.rest();
    expect(line.steps.map(({ name }) => name)).toEqual(['b', 'c']);
  });
});
