import { describe, expect, test } from 'vitest';
import { Latest } from '../../../webview/logic/latest';

/** Questions wait until the test answers them. */
function setUp() {
  const asked: {
    readonly question: number;
    readonly answer: (text: string) => void;
    readonly refuse: (reason: Error) => void;
  }[] = [];
  const delivered: (readonly [number, string])[] = [];
  const failed: (readonly [number, unknown])[] = [];
  const latest = new Latest<number, string>(
    (question) => new Promise((answer, refuse) => asked.push({ question, answer, refuse })),
    (question, answer) => delivered.push([question, answer]),
    (question, reason) => failed.push([question, reason]),
  );
  return { latest, asked, delivered, failed };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe('following a pointer', () => {
  test('one request is in flight; of those that come meanwhile only the last is asked', async () => {
    const { latest, asked, delivered } = setUp();
    for (const question of [1, 2, 3, 4]) latest.request(question);
    expect(asked.map(({ question }) => question)).toEqual([1]);
    asked[0]!.answer('one');
    await settle();
    expect(asked.map(({ question }) => question)).toEqual([1, 4]);
    asked[1]!.answer('four');
    await settle();
    expect(delivered).toEqual([
      [1, 'one'],
      [4, 'four'],
    ]);
    expect(asked).toHaveLength(2);
  });

  test('what was dropped is neither asked nor delivered', async () => {
    const { latest, asked, delivered } = setUp();
    latest.request(1);
    latest.request(2);
    latest.drop();
    asked[0]!.answer('one');
    await settle();
    expect(delivered).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  test('asks again after a drop, while the old answer is still out', async () => {
    const { latest, asked, delivered } = setUp();
    latest.request(1);
    latest.drop();
    latest.request(2);
    expect(asked).toHaveLength(1);
    asked[0]!.answer('one');
    await settle();
    asked[1]!.answer('two');
    await settle();
    expect(delivered).toEqual([[2, 'two']]);
  });

  test('a failure is told and does not stop what follows', async () => {
    const { latest, asked, delivered, failed } = setUp();
    latest.request(1);
    latest.request(2);
    const reason = new Error('lost');
    asked[0]!.refuse(reason);
    await settle();
    asked[1]!.answer('two');
    await settle();
    expect(failed).toEqual([[1, reason]]);
    expect(delivered).toEqual([[2, 'two']]);
  });

  test('a failure to a dropped question is nobody’s business', async () => {
    const { latest, asked, failed } = setUp();
    latest.request(1);
    latest.drop();
    asked[0]!.refuse(new Error('lost'));
    await settle();
    expect(failed).toEqual([]);
  });
});
