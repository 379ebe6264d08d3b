import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { align } from '../../../src/inputs/align';
import { openTokenizer } from '../../../src/inputs/open-tokenizer';
import { tokenPattern } from '../../../src/inputs/pattern';
import { parseVocabulary, vocabularyTokenizer } from '../../../src/inputs/vocabulary';
import { Workspace } from '../../support/engine/workspace';

const CASES = resolve(__dirname, '../../cases/tokenizers');
const failure = (code: string, text = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(text) as string });

interface Expected {
  readonly text: string;
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  readonly offsets: readonly (readonly [number, number])[];
}

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

describe.each(['word-pieces', 'byte-pairs', 'unigrams', 'roberta', 'llama'])('a tokenizer.json of %s', (name) => {
  const expected: Expected[] = JSON.parse(readFileSync(join(CASES, `${name}.expected.json`), 'utf8'));
  const opened = () => openTokenizer({ file: join(CASES, `${name}.tokenizer.json`) });

  it('gives the indices that the Rust library gives', async () => {
    const tokenizer = await opened();
    for (const { text, ids } of expected) expect(tokenizer.encode(text).map(({ id }) => id)).toEqual(ids);
  });

  it('finds the words where the Rust library finds them', async () => {
    const tokenizer = await opened();
    for (const { text, offsets } of [0, 1, 3].map((index) => expected[index])) {
      const tokens = tokenizer.encode(text);
      tokens.forEach(({ start, end }, index) => {
        const [from, to] = offsets[index];
        const written = text.slice(from, to).trim();
        // Of a space alone, and of a sign that stands for one, nobody needs to know the place.
        if (written === '' || tokens[index].text === '▁') return;
        // The bytes of a character share its place there; here the first has it.
        if (index > 0 && offsets[index - 1][0] === from && offsets[index - 1][1] === to) return;
        expect(text.slice(start, end)).toBe(written);
        expect(start).toBe(text.indexOf(written, from));
      });
    }
  });

  it('knows how many tokens there are', async () => {
    const file = join(CASES, `${name}.tokenizer.json`);
    const { vocab } = JSON.parse(readFileSync(file, 'utf8')).model;
    const count = Array.isArray(vocab) ? vocab.length : Math.max(...Object.values<number>(vocab)) + 1;
    expect((await opened()).size).toBe(count);
  });
});

it('reads a vocab.txt of word pieces as the tokenizer.json with the same pieces', async () => {
  const file = join(CASES, 'word-pieces.tokenizer.json');
  const { vocab } = JSON.parse(readFileSync(file, 'utf8')).model as { vocab: Record<string, number> };
  const lines = Object.entries(vocab).sort(([, a], [, b]) => a - b);
  const vocabulary = workspace.write('vocab.txt', lines.map(([token]) => token).join('\n'));
  const [{ text, ids }] = JSON.parse(readFileSync(join(CASES, 'word-pieces.expected.json'), 'utf8')) as Expected[];
  const tokens = (await openTokenizer({ vocabulary })).encode(text);
  expect(tokens.map(({ id }) => id)).toEqual(ids);
  expect(tokens[0]).toMatchObject({ text: '[CLS]', kind: 'special' });
});

describe('a vocab.json with a merges.txt', () => {
  const files = (name: string, settings?: object, change = (token: string) => token): string => {
    const json = JSON.parse(readFileSync(join(CASES, `${name}.tokenizer.json`), 'utf8'));
    const { vocab, merges } = json.model as { vocab: Record<string, number>; merges: readonly string[][] };
    const lines = merges.map((pair) => pair.join(' '));
    workspace.write('merges.txt', ['#version: 0.2', ...lines, ''].join('\n'));
    if (settings) workspace.write('tokenizer_config.json', JSON.stringify(settings));
    const entries = Object.entries(vocab).map(([token, id]) => [change(token), id]);
    return workspace.write('vocab.json', JSON.stringify(Object.fromEntries(entries)));
  };

  it.each([['byte-pairs'], ['roberta']])('is read as the tokenizer.json of %s', async (name) => {
    const tokenizer = await openTokenizer({ vocabulary: files(name) });
    const expected: Expected[] = JSON.parse(readFileSync(join(CASES, `${name}.expected.json`), 'utf8'));
    for (const { text, ids } of expected) expect(tokenizer.encode(text).map(({ id }) => id)).toEqual(ids);
  });

  it('of other byte pairs is refused', async () => {
    const vocabulary = files('byte-pairs', { tokenizer_class: 'Qwen2Tokenizer' });
    await expect(openTokenizer({ vocabulary })).rejects.toThrow(failure('TOKENIZER_INVALID', 'of Qwen2Tokenizer'));
    const words = files('byte-pairs', {}, (token) => (token.length > 1 ? `${token}</w>` : token));
    await expect(openTokenizer({ vocabulary: words })).rejects.toThrow(failure('TOKENIZER_INVALID', 'GPT-2'));
  });
});

describe('a vocabulary', () => {
  const ids = new Map(['<pad>', '<unk>', 'the', 'house', '<num>', '<newline>', '.'].map((token, id) => [token, id]));

  it('is read from lines, lists and objects', () => {
    const expected = new Map([
      ['a', 0],
      ['b', 1],
    ]);
    expect(parseVocabulary('a\nb\n', 'v.txt')).toEqual(expected);
    expect(parseVocabulary('["a", "b"]', 'v.json')).toEqual(expected);
    expect(parseVocabulary('{"b": 1, "a": 0}', 'v.json')).toEqual(expected);
    for (const text of ['{', '[]', '{"a": "b"}', '{"a": -1}', '3']) {
      expect(() => parseVocabulary(text, 'v.json')).toThrow(failure('TOKENIZER_INVALID', 'v.json'));
    }
  });

  it('takes words where they stand, in small letters if asked to', () => {
    const tokenizer = vocabularyTokenizer(ids, 'v.json', {
      lowercase: true,
      digits: '<num>',
      newline: '<newline>',
      regex: '\\n|\\w+|[^\\w\\s]',
    });
    expect(tokenizer.encode('The HOUSE 12\nxyz.')).toEqual([
      { text: 'The', id: 2, start: 0, end: 3, kind: 'word' },
      { text: 'HOUSE', id: 3, start: 4, end: 9, kind: 'word' },
      { text: '12', id: 4, start: 10, end: 12, kind: 'word' },
      { text: '\n', id: 5, start: 12, end: 13, kind: 'word' },
      { text: 'xyz', id: 1, start: 13, end: 16, kind: 'unknown' },
      { text: '.', id: 6, start: 16, end: 17, kind: 'word' },
    ]);
    expect(tokenizer).toMatchObject({ size: 7, pad: 0 });
  });

  it('refuses what it does not know where no token stands for that', () => {
    const tokenizer = vocabularyTokenizer(new Map([['a', 0]]), 'v.txt', {});
    expect(() => tokenizer.encode('a b')).toThrow(failure('TOKEN_UNKNOWN', 'v.txt has no token "b"'));
  });

  it('may be one of characters', () => {
    const letters = new Map(['a', 'b', ' '].map((letter, id) => [letter, id]));
    const tokenizer = vocabularyTokenizer(letters, 'v.txt', { regex: '[\\s\\S]' });
    expect(tokenizer.encode('ab a').map(({ id }) => id)).toEqual([0, 1, 2, 0]);
  });
});

describe('a regular expression', () => {
  // What re.findall of Python 3.11 gives.
  it.each([
    ['[^\\W\\d_]+', "L'été 2024, naïve_Σ日本", ['L', 'été', 'naïve', 'Σ日本']],
    ['\\n|[A-Za-z_]\\w*|\\d+|[^\\w\\s]', 'a_1 = ٣;\nβ-2', ['a_1', '=', '٣', ';', '\n', '-', '2']],
    ["[\\w'-]+|[.,!?;(){}&|]", "don't re-do (it)!", ["don't", 're-do', '(', 'it', ')', '!']],
    ['\\S+', ' a  b\t', ['a', 'b']],
    ["[^\\-\\']+", "a-b'c", ['a', 'b', 'c']],
  ])('%s cuts as Python does', (pattern, text, expected) => {
    expect([...text.matchAll(tokenPattern(pattern, 'prism.json'))].map(([match]) => match)).toEqual(expected);
  });

  it('that is none is refused', () => {
    expect(() => tokenPattern('(a', 'm.prism.json')).toThrow(failure('TOKENIZER_INVALID', 'm.prism.json'));
  });
});

describe('pieces of a text', () => {
  const cut = (text: string, pieces: readonly (string | undefined)[]) =>
    align(text, pieces).map(({ start, end }) => text.slice(start, end));

  it('are found without their case and accents', () => {
    expect(cut('Où est le CAFÉ ?', ['ou', 'est', 'le', 'cafe', '?'])).toEqual(['Où', 'est', 'le', 'CAFÉ', '?']);
  });

  it('that are unknown take the words between their neighbours', () => {
    expect(cut('see foo bar now', ['', 'see', undefined, undefined, 'now', ''])).toEqual([
      '',
      'see',
      'foo',
      'bar',
      'now',
      '',
    ]);
    expect(cut('see foo bar', ['see', undefined])).toEqual(['see', 'foo bar']);
  });
});

describe('files that are no tokenizers', () => {
  it.each([
    ['a missing file', () => ({ file: '/nowhere/tokenizer.json' }), 'TOKENIZER_NOT_FOUND'],
    ['no JSON', () => ({ file: workspace.write('t.json', '{') }), 'TOKENIZER_INVALID'],
    ['other JSON', () => ({ file: workspace.write('t.json', '{"a": 1}') }), 'TOKENIZER_INVALID'],
    ['a missing SentencePiece model', () => ({ file: '/nowhere/spiece.model' }), 'TOKENIZER_NOT_FOUND'],
    ['an empty SentencePiece model', () => ({ file: workspace.write('spiece.model', '') }), 'TOKENIZER_INVALID'],
    ['nothing', () => ({}), 'TOKENIZER_MISSING'],
  ])('%s: %#', async (_name, source, code) => {
    await expect(openTokenizer(source())).rejects.toThrow(failure(code));
  });
});
