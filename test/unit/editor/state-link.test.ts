import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followLink, type LinkedState, writeLink } from '../../../src/editor/state-link';
import type { OptionInfo } from '../../../src/protocol';

let root: string;
const at = (file: string): string => path.join(root, ...file.split('/'));

beforeAll(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'prism-link-')));
  for (const folder of ['ws/models', 'ws/a & b%20', 'other', 'secret']) mkdirSync(at(folder), { recursive: true });
  for (const file of ['ws/models/m.onnx', 'ws/a & b%20/ü#?.png', 'ws/cat.png', 'ws/mask.npy', 'other/m.onnx']) {
    writeFileSync(at(file), '');
  }
  writeFileSync(at('secret/x.png'), '');
  symlinkSync(at('secret'), at('ws/out'));
  symlinkSync(at('ws/cat.png'), at('ws/alias.png'));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

const declared: readonly OptionInfo[] = [
  { key: 'segments', title: '', help: '', type: 'file', default: '' },
  { key: 'samples', title: '', help: '', type: 'integer', default: 8 },
];
const folders = () => [{ name: 'ws', path: at('ws') }];
const follow = (query: string, given = folders()): Promise<LinkedState> =>
  followLink(query, given, async () => declared);
const query = (linked: unknown): string => Buffer.from(JSON.stringify(linked)).toString('base64url');
const plain = { v: 1, model: 'models/m.onnx', image: 'cat.png', method: 'srd' };

describe('a link leads back to', () => {
  const round = (state: LinkedState, given = folders()): Promise<LinkedState> =>
    follow(writeLink(state, given, declared), given);

  test('image, model, method, class, options, layer and pin', async () => {
    const state: LinkedState = {
      question: {
        model: at('ws/models/m.onnx'),
        image: at('ws/cat.png'),
        method: 'srd',
        target: 282,
        options: { contrastive: true, samples: 3, head: 'auto', segments: at('ws/mask.npy') },
      },
      look: { layer: '/layer1/Relu_output_0', pinned: { x: 3, y: 0 } },
    };
    expect(await round(state)).toEqual(state);
  });

  test.each([
    { where: 'predicted' as const },
    { where: { x: 1.5, y: 0, width: 10, height: 3 } },
    { score: 'out[0,4,17]' },
  ])('the part of the output %j', async (part) => {
    const question = { model: at('ws/models/m.onnx'), image: at('ws/cat.png'), method: 'srd', ...part };
    expect(await round({ question })).toEqual({ question });
  });

  test('names that a browser would read otherwise', async () => {
    const question = { model: at('ws/models/m.onnx'), image: at('ws/a & b%20/ü#?.png'), method: 'srd' };
    expect(await round({ question })).toEqual({ question });
    expect(writeLink({ question }, folders(), [])).toMatch(/^[\w-]+$/);
  });

  test('a text that was typed', async () => {
    const question = { model: at('ws/models/m.onnx'), text: 'schön & <b>gut</b>', method: 'srd' };
    expect(await round({ question })).toEqual({ question });
  });

  test('the folder that it is in, of several', async () => {
    const two = [
      { name: 'other', path: at('other') },
      { name: 'ws', path: at('ws') },
    ];
    const question = { model: at('ws/models/m.onnx'), image: at('ws/cat.png'), method: 'srd' };
    expect(await round({ question }, two)).toEqual({ question });
  });

  test('what a link of the file system inside the folder leads to', async () => {
    const { question } = await follow(query({ ...plain, image: 'alias.png' }));
    expect(question.image).toBe(at('ws/alias.png'));
  });

  test('no path of this machine: another folder of the same content is as good', async () => {
    const text = writeLink(
      { question: { model: at('ws/models/m.onnx'), image: at('ws/cat.png'), method: 'srd' } },
      folders(),
      [],
    );
    expect(Buffer.from(text, 'base64url').toString()).not.toContain(root);
  });
});

describe('no link is written', () => {
  const question = { model: '', image: '', method: 'srd' };

  test.each([
    ['models/m.onnx', 'secret/x.png'],
    ['other/m.onnx', 'ws/cat.png'],
  ])('of %s with %s, outside the workspace', (model, image) => {
    const state = {
      question: { ...question, model: at(model === 'models/m.onnx' ? `ws/${model}` : model), image: at(image) },
    };
    expect(() => writeLink(state, folders(), [])).toThrow(expect.objectContaining({ code: 'OUTSIDE_WORKSPACE' }));
  });

  test('with a file among the options that is outside', () => {
    const options = { segments: at('secret/x.png') };
    const state = { question: { ...question, model: at('ws/models/m.onnx'), image: at('ws/cat.png'), options } };
    expect(() => writeLink(state, folders(), declared)).toThrow(expect.objectContaining({ code: 'OUTSIDE_WORKSPACE' }));
  });

  test('of arrays and rows', () => {
    const row = { model: at('ws/models/m.onnx'), row: 'a=1', method: 'srd' };
    expect(() => writeLink({ question: row }, folders(), [])).toThrow(
      expect.objectContaining({ code: 'NOT_LINKABLE' }),
    );
  });
});

describe('a hostile link', () => {
  test.each([
    ['../secret/x.png'],
    ['a/../../secret/x.png'],
    ['/etc/passwd'],
    ['//server/share/x.png'],
    ['C:/Windows/x.png'],
    ['C:x.png'],
    ['..\\secret\\x.png'],
    ['cat.png\u0000.txt'],
    ['./cat.png'],
    ['a//cat.png'],
    ['out/x.png'],
    ['file:///etc/passwd'],
  ])('does not leave the workspace by %s', async (file) => {
    for (const change of [{ image: file }, { model: file }, { options: { segments: file } }]) {
      await expect(follow(query({ ...plain, ...change }))).rejects.toMatchObject({ code: 'OUTSIDE_WORKSPACE' });
    }
  });

  test.each([
    ['nothing', ''],
    ['no base64url', 'a b'],
    ['what was cut', query(plain).slice(0, 20)],
    ['what is too long', 'A'.repeat(20_000)],
    ['a list', query([plain])],
    ['null', query(null)],
    ['another version', query({ ...plain, v: 2 })],
    ['no model', query({ ...plain, model: undefined })],
    ['a model that is no text', query({ ...plain, model: { toString: 1 } })],
    ['no input', query({ ...plain, image: undefined })],
    ['two inputs', query({ ...plain, text: 'x' })],
    ['a method that is no text', query({ ...plain, method: 7 })],
    ['a negative class', query({ ...plain, target: -1 })],
    ['options that are a list', query({ ...plain, options: [1] })],
    ['options that nest', query({ ...plain, options: { a: { b: 1 } } })],
    ['a region without size', query({ ...plain, where: { x: 0, y: 0 } })],
    ['a pin that is nowhere', query({ ...plain, layer: 'a', pinned: { x: -1, y: 0.5 } })],
  ])('is refused: %s', async (_what, hostile) => {
    await expect(follow(hostile)).rejects.toMatchObject({ code: 'LINK_INVALID' });
  });

  test('has no say beyond what links have', async () => {
    const { question } = await follow(
      query({ ...plain, inputs: { image: '/etc/passwd' }, compare: ['srd'], row: 'x' }),
    );
    expect(question).toEqual({ model: at('ws/models/m.onnx'), image: at('ws/cat.png'), method: 'srd' });
  });
});

describe('a link without its files', () => {
  test('says which one is missing', async () => {
    const gone = follow(query({ ...plain, image: 'gone.png' }));
    await expect(gone).rejects.toMatchObject({
      code: 'LINK_TARGET_MISSING',
      message: expect.stringContaining('gone.png'),
    });
  });

  test('asks for a folder where none is open', async () => {
    await expect(follow(query(plain), [])).rejects.toMatchObject({ code: 'NO_WORKSPACE' });
  });
});
