import { describe, expect, it } from 'vitest';
import { questionAt } from '../../../src/editor/questions';
import type { Explanation } from '../../../src/protocol';

const text = 'the red fox';
const tokens = ['the', ' red', ' fox'].map((word, id) => {
  const start = text.indexOf(word);
  return { text: word, id: 10 + id, start, end: start + word.length, relevance: 0 };
});
const of = (task: string): Explanation => ({ model: { task }, text: { text, tokens } }) as unknown as Explanation;

describe('what is asked about one token', () => {
  it('is its label', () => {
    expect(questionAt(of('token-classification'), 2)).toMatchObject({ token: 2, target: undefined });
  });

  it('is why it comes after the text before it', () => {
    expect(questionAt(of('text-generation'), 2)).toMatchObject({ text: 'the red', textFile: undefined, target: 12 });
  });

  it('is nothing where nothing stands before it, where the model says nothing of tokens, and of no token', () => {
    expect(questionAt(of('text-generation'), 0)).toBeUndefined();
    expect(questionAt(of('text-classification'), 1)).toBeUndefined();
    expect(questionAt(of('token-classification'), 3)).toBeUndefined();
  });
});
