import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { HeldSource, statisticsOf } from '../../../src/editor/debug/array-source';
import { changesBetween } from '../../../src/editor/debug/changes';
import {
  callExpression,
  evaluationFailure,
  expressionAt,
  kernelCode,
  readReply,
} from '../../../src/editor/debug/expression';
import type { StopRecord } from '../../../src/editor/debug/live';
import { PrismError } from '../../../src/graph/errors';

/** An answer as media/python/view.py packs it. */
function packed(header: object, payload: readonly number[] = []): string {
  const head = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(head.length);
  return Buffer.concat([size, head, Buffer.from(payload)]).toString('base64');
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof PrismError) return error.code;
  }
  return 'none';
};

describe('the expression that asks a program', () => {
  test('is one line of Python, and quotes and other alphabets arrive', () => {
    const source =
      'def twice(text, n):\n    return text * n["times"] + "é\'\\"\\\\ 🙂"\ndef answer(ticket, work, *given):\n    assert ticket == \'a "ticket"\'\n    return work(*given)\n';
    const args = [{ expression: 'x' }, { data: { times: 2, flag: true, none: null } }];
    const expression = callExpression({ ticket: 'a "ticket"', source, work: 'twice', args });
    expect(expression).not.toContain('\n');
    const program =
      'import sys\nx = "ab"\nbefore = set(globals())\nsys.stdout.buffer.write(eval(sys.argv[1]).encode())\nassert set(globals()) == before | {"before"}';
    const { stdout, stderr } = spawnSync('python3', ['-c', program, expression], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toBe('ababé\'"\\ 🙂');
  });

  test('is a statement for the kernel of a notebook, which gets no names and no value from it', () => {
    const source =
      'def twice(x): return x * 2\ndef ask(ticket, work, names, given):\n    return ticket + work(eval(given[0]["expression"], names))\n';
    const code = kernelCode({ ticket: 'é', source, work: 'twice', args: [{ expression: 'x + "🙂"' }] });
    expect(code).not.toContain('\n');
    const program = [
      'import json, sys, types',
      'shown = types.SimpleNamespace(display=lambda data, raw: print(json.dumps([data, raw])))',
      'sys.modules.update({"IPython": types.SimpleNamespace(display=shown), "IPython.display": shown})',
      'names = {"x": "a"}',
      'exec(compile(sys.argv[1], "<cell>", "single"), names)',
      'assert set(names) == {"x", "__builtins__"} and not hasattr(__builtins__, "_")',
    ];
    const { stdout, stderr } = spawnSync('python3', ['-c', program.join('\n'), code], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([{ 'application/vnd.model-prism.answer': 'éa🙂a🙂' }, true]);
  });

  test.each([`'${packed({ a: 1 }, [1, 2])}'`, packed({ a: 1 }, [1, 2])])(
    'is answered by a header and bytes',
    (result) => {
      expect(readReply('x', result)).toEqual({ header: { a: 1 }, payload: Uint8Array.of(1, 2) });
    },
  );

  test('is answered by an error of the program', () => {
    expect(codeOf(() => readReply('x', packed({ error: { code: 'VARIABLE_EMPTY', message: 'm' } })))).toBe(
      'VARIABLE_EMPTY',
    );
  });

  test.each(["'<function>'", '', 'None', "'AAAA'"])('is told from other answers: %s', (result) =>
    expect(codeOf(() => readReply('x', result))).toBe('DEBUGGEE_ANSWER'),
  );

  test.each([
    ["Traceback (most recent call last):\n  …\nNameError: name 'x' is not defined", 'VARIABLE_GONE'],
    ['KeyError("k")', 'VARIABLE_GONE'],
    ['Traceback (most recent call last):\n  …\nRuntimeError: no', 'EVALUATION_FAILED'],
  ])('is told from an exception in its place: %s', (result, code) =>
    expect(codeOf(() => readReply('x', result))).toBe(code),
  );

  test('fails as gone when the variable is not there', () => {
    const traceback = "Traceback (most recent call last):\n  …\nNameError: name 'x' is not defined";
    expect(evaluationFailure('x', new Error(traceback))).toMatchObject({
      code: 'VARIABLE_GONE',
      message: "x is not there at this stop: NameError: name 'x' is not defined",
    });
    expect(evaluationFailure('x', new Error('timed out')).code).toBe('EVALUATION_FAILED');
  });
});

describe('the variable at a place', () => {
  test.each([
    ['loss = model(batch)', 'model', 'model'],
    ['loss = model(batch)', 'batch', 'batch'],
    ['y = self.model.fc(x)', 'self', 'self'],
    ['y = self.model.fc(x)', 'model', 'self.model'],
    ['y = self.model.fc(x)', 'fc', 'self.model.fc'],
    ['z = rows[0].grad', 'rows', 'rows'],
    ['z = rows[0].grad', 'grad', 'rows[0].grad'],
    ["z = batch['image'] + 1", 'image', "batch['image']"],
    ['for x in loader:', 'in', undefined],
    ['a = 1  # batch', 'batch', undefined],
    ['print("batch")', 'batch', undefined],
    ['größe = 1', 'größe', 'größe'],
  ])('%s at %s', (line, word, expected) => {
    const column = line.search(new RegExp(`(?<![\\p{L}])${word}(?![\\p{L}])`, 'u'));
    expect(expressionAt(line, column)?.text).toBe(expected);
  });
});

describe('an array that is here', () => {
  const data = Float32Array.from([0, 1, 2, 3, 4, Number.NaN, 6, Number.POSITIVE_INFINITY]);
  const source = new HeldSource({ type: 't', shape: [2, 2, 1, 2], data });
  const values = async (item: number, channel: number | 'mean') => {
    const { picture } = await source.view({ item, channel });
    return [...new Float32Array(picture.data.buffer)];
  };

  test('shows items, channels and their mean', async () => {
    expect(await values(0, 0)).toEqual([0, 1]);
    expect(await values(0, 1)).toEqual([2, 3]);
    expect(await values(0, 'mean')).toEqual([1, 2]);
    expect(await values(9, 9)).toEqual([6, Number.POSITIVE_INFINITY]);
  });

  test('counts what is no number', () => {
    expect(statisticsOf(data)).toEqual({
      min: 0,
      max: 6,
      mean: 16 / 6,
      zeros: 1,
      nan: 1,
      positive: 1,
      negative: 0,
      counted: 8,
    });
    expect(statisticsOf(Float32Array.of(Number.NaN))).toMatchObject({ min: null, max: null, mean: null });
  });
});

describe('what changed between two stops', () => {
  const record = (where: string, data: readonly number[], width = 2): StopRecord =>
    ({
      where,
      explanation: {
        map: { width, height: data.length / width, data: Float32Array.from(data) },
        method: { title: 'Gradient' },
        target: { index: 1, label: 'cat', score: 2, probability: 0.5 },
      },
    }) as unknown as StopRecord;

  test('is the difference, beside both, with their rank correlation', () => {
    const { array, notes } = changesBetween(record('a.py:1', [1, 2, 3, 4]), record('a.py:2', [4, 3, 2, 1]));
    expect([...array.data]).toEqual([3, 1, -1, -3, 4, 3, 2, 1, 1, 2, 3, 4]);
    expect(array.shape).toEqual([1, 3, 2, 2]);
    expect(notes[1]).toBe('rank correlation -1.000');
    expect(notes[0]).toContain('a.py:1: cat 2.000 (50.0 %) → a.py:2');
  });

  test('needs maps of one size', () => {
    expect(codeOf(() => changesBetween(record('a', [1, 2]), record('b', [1, 2, 3, 4])))).toBe('MAPS_DIFFER');
  });
});
