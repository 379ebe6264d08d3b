import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTokenizer } from '../../../../src/inputs/open-tokenizer';
import {
  type ModelProto,
  ModelProtoSchema,
  NormalizerSpecSchema,
  ModelProto_SentencePiece_Type as PieceType,
  TrainerSpecSchema,
} from '../../../../src/inputs/sentencepiece/sentencepiece.gen';
import { sentencePieceTokenizer } from '../../../../src/inputs/sentencepiece/tokenizer';
import { Workspace } from '../../../support/engine/workspace';

const CASES = resolve(__dirname, '../../../cases/tokenizers/sentencepiece');

interface Expected {
  readonly size: number;
  readonly texts: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    /** In bytes of UTF-8. */
    readonly offsets: readonly (readonly [number, number])[];
    readonly decoded: string;
  }[];
}

const models = readdirSync(CASES).flatMap((name) => (name.endsWith('.model') ? [name.slice(0, -6)] : []));

describe.each(models)('a SentencePiece model, %s', (name) => {
  const { size, texts }: Expected = JSON.parse(readFileSync(join(CASES, `${name}.expected.json`), 'utf8'));
  const tokenizer = sentencePieceTokenizer(readFileSync(join(CASES, `${name}.model`)), `${name}.model`);

  it('gives the indices that the library gives', () => {
    for (const { text, ids } of texts)
      expect([text, ...tokenizer.encode(text).map(({ id }) => id)]).toEqual([text, ...ids]);
    expect(tokenizer.size).toBe(size);
  });

  it('places every token where the library places it, less the spaces around it', () => {
    for (const { text, offsets } of texts) {
      const bytes = Buffer.from(text);
      const unitsBefore = (count: number): number => bytes.toString('utf8', 0, count).length;
      const expected = offsets.map(([from, to]) => {
        const [start, end] = [unitsBefore(from), unitsBefore(to)];
        const written = text.slice(start, end);
        const spaces = written.length - written.trimStart().length;
        return written.trim() === '' ? [start, end] : [start + spaces, start + spaces + written.trim().length];
      });
      expect([text, ...tokenizer.encode(text).map(({ start, end }) => [start, end])]).toEqual([text, ...expected]);
    }
  });

  it('decodes as the library does', () => {
    for (const { ids, decoded } of texts) expect(tokenizer.decode(ids)).toBe(decoded);
  });
});

const failure = (text: string) =>
  expect.objectContaining({ code: 'TOKENIZER_INVALID', message: expect.stringContaining(text) as string });
const opened = (bytes: Uint8Array) => sentencePieceTokenizer(bytes, 'm.model');

describe('a SentencePiece model that is none', () => {
  const whole = readFileSync(join(CASES, 'bpe.model'));
  /** A model by hand, with what a test changes. */
  const made = (change: (model: ModelProto) => void): Uint8Array => {
    const model = create(ModelProtoSchema, {
      pieces: [
        { piece: '<unk>', type: PieceType.UNKNOWN },
        { piece: 'a', score: -1 },
        { piece: '\u2581', score: -2 },
      ],
    });
    change(model);
    return toBinary(ModelProtoSchema, model);
  };

  it('by hand is one', () => {
    expect(
      opened(made(() => {}))
        .encode('a a')
        .map(({ id }) => id),
    ).toEqual([2, 1, 2, 1]);
  });

  it.each([
    ['nothing', new Uint8Array(), 'is empty'],
    ['a part', whole.subarray(0, whole.length - 700), 'only part of one'],
    ['noise', Uint8Array.from({ length: 500 }, (_, i) => (i * i * 31 + 7) & 255), 'is no SentencePiece model'],
    ['a pointer of Git LFS', Buffer.from('version https://git-lfs.github.com/spec/v1\noid'), 'git lfs pull'],
    ['a vocabulary of tiktoken', Buffer.from('IQ== 0\nIg== 1\n'), 'tiktoken'],
    ['a zip archive', Buffer.from('PK\u0003\u0004'), 'zip archive'],
    ['a tokenizer.json', Buffer.from('{"version": "1.0"}'), 'is text'],
    [
      'no pieces',
      made((model) => Object.assign(model, { pieces: [], trainerSpec: create(TrainerSpecSchema, { padId: 0 }) })),
      'no pieces',
    ],
    ['no unknown piece', made((model) => model.pieces.splice(0, 1)), 'unknown'],
    ['a piece twice', made((model) => model.pieces.push(model.pieces[1])), 'a piece twice'],
    ['a piece of nothing', made(({ pieces }) => Object.assign(pieces[1], { piece: '' })), 'without text'],
    ['a score that is none', made(({ pieces }) => Object.assign(pieces[1], { score: Number.NaN })), 'no number'],
    [
      'too few bytes',
      made((model) => Object.assign(model, { trainerSpec: create(TrainerSpecSchema, { byteFallback: true }) })),
      'some bytes',
    ],
    ...[
      [1, 2, 3],
      [200, 0, 0, 0, 1],
      [4, 0, 0, 0, 1, 2, 3, 4, 65],
    ].map((bytes): [string, Uint8Array, string] => [
      `replacements ${bytes}`,
      made((model) => {
        model.normalizerSpec = create(NormalizerSpecSchema, { precompiledCharsmap: Uint8Array.from(bytes) });
      }),
      'table of replacements',
    ]),
  ])('%s', (_name, bytes, text) => {
    expect(() => opened(bytes)).toThrow(failure(text));
  });

  it('has replacements that lead nowhere: the text stays as it is', () => {
    const units = [0x400, ...Array.from({ length: 511 }, (_, i) => 0xfffffd00 | (i & 255)), 0x41];
    const trie = Uint32Array.from(units);
    const charsmap = Buffer.concat([
      Buffer.from(Uint32Array.of(trie.byteLength).buffer),
      Buffer.from(trie.buffer),
      Buffer.of(65, 0),
    ]);
    const tokenizer = opened(
      made((model) => {
        model.normalizerSpec = create(NormalizerSpecSchema, { precompiledCharsmap: charsmap });
      }),
    );
    for (const text of ['a', 'é', '日本 a', '\ud800']) expect(() => tokenizer.encode(text)).not.toThrow();
  });
});

describe('a SentencePiece model beside a network', () => {
  let workspace: Workspace;
  beforeEach(() => {
    workspace = new Workspace();
  });
  afterEach(() => workspace.remove());

  const text = 'The cabin';
  const { ids } = (JSON.parse(readFileSync(join(CASES, 'bpe-bytes.expected.json'), 'utf8')) as Expected).texts[0];
  const written = (settings?: object, name = 'tokenizer.model'): string => {
    if (settings) workspace.write('tokenizer_config.json', JSON.stringify(settings));
    return workspace.write(name, readFileSync(join(CASES, 'bpe-bytes.model')));
  };
  const around = async (settings?: object, config = {}): Promise<(string | undefined)[]> => {
    const tokens = (await openTokenizer({ file: written(settings), ...config })).encode('The café was unclean.');
    const own = tokens.filter(({ kind }) => kind !== 'special');
    expect(own.map(({ id }) => id)).toEqual(ids);
    expect(tokens.slice(tokens.indexOf(own[0]), tokens.indexOf(own[own.length - 1]) + 1)).toEqual(own);
    return [
      tokens.indexOf(own[0]) > 0 ? tokens[0].text : undefined,
      tokens.at(-1) === own.at(-1) ? undefined : tokens.at(-1)?.text,
    ];
  };

  it('gets the tokens around it that the class of its tokenizer puts there', async () => {
    expect(await around()).toEqual([undefined, undefined]);
    expect(await around({ tokenizer_class: 'T5TokenizerFast' })).toEqual([undefined, '</s>']);
    expect(await around({ tokenizer_class: 'LlamaTokenizer', bos_token: { content: '<s>' } })).toEqual([
      '<s>',
      undefined,
    ]);
    expect(await around({ tokenizer_class: 'LlamaTokenizer', add_bos_token: false, add_eos_token: true })).toEqual([
      undefined,
      '</s>',
    ]);
    expect(await around({ tokenizer_class: 'T5Tokenizer' }, { begin: '<s>', end: '</s>' })).toEqual(['<s>', '</s>']);
  });

  it('has them where nothing of the text stands', async () => {
    const tokens = (await openTokenizer({ file: written(), begin: '<s>', end: '</s>' })).encode(text);
    expect(tokens[0]).toEqual({ text: '<s>', id: 1, start: 0, end: 0, kind: 'special' });
    expect(tokens.at(-1)).toEqual({ text: '</s>', id: 2, start: text.length, end: text.length, kind: 'special' });
  });

  it('is refused where its indices are not those of the network, or it has no such tokens', async () => {
    const open = (settings?: object, name?: string, config = {}) =>
      openTokenizer({ file: written(settings, name), ...config });
    await expect(open({ tokenizer_class: 'XLMRobertaTokenizer' })).rejects.toThrow(failure('XLMRobertaTokenizer'));
    await expect(open({ tokenizer_class: 'DebertaV2Tokenizer' })).rejects.toThrow(failure('no token "[CLS]"'));
    await expect(open({}, 'x.model', { end: '<end>' })).rejects.toThrow(failure('no token "<end>"'));
    await expect(open({}, 'sentencepiece.bpe.model')).rejects.toThrow(failure('files of this name'));
  });
});
