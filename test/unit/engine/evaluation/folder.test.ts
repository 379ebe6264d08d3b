import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pictureFolder } from '../../../../src/engine/evaluation/folder';
import { findItems } from '../../../../src/engine/evaluation/items';
import { Workspace } from '../../../support/engine/workspace';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const touch = (...names: readonly string[]): void => {
  for (const name of names) workspace.write(name, '');
};

describe('a folder of pictures', () => {
  it('is found with the masks and classes beside it', () => {
    touch('data/a/x.png', 'data/a/y.png', 'data/a_masks/x.png');
    const labels = workspace.write('data/labels.csv', 'x.png,cat\n');
    const images = workspace.path('data/a');
    const masks = workspace.path('data/a_masks');
    expect(pictureFolder(images)).toEqual({
      count: 2,
      first: workspace.path('data/a/x.png'),
      masked: 0,
      masks,
      labels,
    });
  });

  it('has masks in a folder within that are no pictures', () => {
    touch('a/x.png', 'a/y.png', 'a/masks/x.png');
    const images = workspace.path('a');
    expect(pictureFolder(images)).toMatchObject({ count: 2, masks: workspace.path('a/masks') });
    const items = findItems({ images, masks: workspace.path('a/masks') });
    expect(items.map(({ name, mask }) => [name, mask])).toEqual([
      ['x.png', workspace.path('a/masks/x.png')],
      ['y.png', undefined],
    ]);
  });

  it('is not offered what belongs to other pictures', () => {
    touch('a/x.png', 'a/x.mask.png', 'masks/other.png');
    workspace.write('labels.csv', 'other.png,cat\n');
    expect(pictureFolder(workspace.path('a'))).toEqual({ count: 1, first: workspace.path('a/x.png'), masked: 1 });
  });

  it('is refused where there are none', () => {
    touch('a/notes.txt');
    expect(() => pictureFolder(workspace.path('a'))).toThrow(/no pictures/);
    expect(() => pictureFolder(workspace.path('none'))).toThrow(/does not exist/);
  });
});
