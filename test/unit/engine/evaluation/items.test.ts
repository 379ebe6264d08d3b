import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findItems } from '../../../../src/engine/evaluation/items';
import { Workspace } from '../../../support/engine/workspace';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

/** Files without contents: only their names count. */
const touch = (...names: readonly string[]): void => {
  for (const name of names) workspace.write(name, '');
};

describe('the pictures of a folder', () => {
  it('come in the order of their names, with masks beside them', () => {
    touch('a/p10.png', 'a/p2.jpg', 'a/p2.mask.png', 'a/.hidden.png', 'a/notes.txt', 'a/p10.mask1.png');
    expect(findItems({ images: workspace.path('a') })).toEqual([
      { name: 'p2.jpg', path: workspace.path('a/p2.jpg'), mask: workspace.path('a/p2.mask.png') },
      { name: 'p10.png', path: workspace.path('a/p10.png') },
    ]);
  });

  it('have masks of their names in another folder', () => {
    touch('a/cat/x.png', 'a/dog/x.png', 'm/cat/x.npy', 'm/dog/x.mask.png');
    const items = findItems({ images: workspace.path('a'), masks: workspace.path('m') });
    expect(items.map(({ mask }) => mask)).toEqual([workspace.path('m/cat/x.npy'), workspace.path('m/dog/x.mask.png')]);
  });

  it('may have their classes from folders', () => {
    touch('a/cat/x.png', 'a/y.png');
    const [x, y] = findItems({ images: workspace.path('a') });
    expect(x).toMatchObject({ label: 'cat', guessed: true });
    expect(y.label).toBeUndefined();
  });

  it.each([
    ['l.csv', 'image,label\r\nx.png,"big, grey cat"\r\nsub/y.png;7\n'],
    ['l.json', '{"x.png": "big, grey cat", "sub/y.png": 7}'],
    ['l.json', '[{"image": "x.png", "label": "big, grey cat"}, {"file": "./sub/y.png", "class": 7, "label": "no"}]'],
  ])('have their classes from %s %j', (name, text) => {
    touch('a/x.png', 'a/sub/y.png', 'a/z.png');
    const items = findItems({ images: workspace.path('a'), labels: workspace.write(name, text) });
    const labels = Object.fromEntries(items.map((item) => [item.name, item.label]));
    expect(String(labels['x.png'])).toBe('big, grey cat');
    expect(String(labels['sub/y.png'])).toBe('7');
    expect(labels['z.png']).toBeUndefined();
  });

  it('are refused where there is nothing', () => {
    touch('a/notes.txt', 'b/x.png');
    const code = (folder: Parameters<typeof findItems>[0]) => {
      try {
        findItems(folder);
      } catch (error) {
        return (error as { code: string }).code;
      }
      return undefined;
    };
    expect(code({ images: workspace.path('none') })).toBe('FILE_NOT_FOUND');
    expect(code({ images: workspace.path('b/x.png') })).toBe('FILE_NOT_FOUND');
    expect(code({ images: workspace.path('a') })).toBe('NO_IMAGES');
    const images = workspace.path('b');
    expect(code({ images, masks: workspace.path('none') })).toBe('FILE_NOT_FOUND');
    expect(code({ images, labels: workspace.path('none.csv') })).toBe('FILE_NOT_FOUND');
    expect(code({ images, labels: workspace.write('bad.json', '{') })).toBe('LABELS_INVALID');
    expect(code({ images, labels: workspace.write('empty.csv', 'nothing') })).toBe('LABELS_INVALID');
  });
});
