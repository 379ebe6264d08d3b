import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PrismError } from '../../graph/errors';
import type { PictureFolder } from '../../protocol/study';
import { findItems } from './items';

/** Where masks of a folder's pictures usually lie, the nearest first. */
const maskFolders = (images: string): string[] => {
  const [parent, name] = [dirname(images), basename(images)];
  return [
    join(images, 'masks'),
    ...['masks', `${name}_masks`, `${name}-masks`, `${name}_mask`].map((folder) => join(parent, folder)),
  ];
};

const labelFiles = (images: string): string[] =>
  ['labels.csv', 'labels.json', 'classes.csv', 'annotations.csv'].flatMap((file) => [
    join(images, file),
    join(dirname(images), file),
  ]);

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Whether reading the folder with this beside it finds something of it. */
function helps(images: string, more: { readonly masks: string } | { readonly labels: string }): boolean {
  try {
    return findItems({ images, ...more }).some((item) =>
      'masks' in more ? item.mask?.startsWith(more.masks) : item.label !== undefined,
    );
  } catch (error) {
    if (error instanceof PrismError) return false;
    throw error;
  }
}

/**
 * Looks at a folder of pictures, and for what belongs to it.
 *
 * @throws PrismError FILE_NOT_FOUND, NO_IMAGES
 */
export function pictureFolder(images: string): PictureFolder {
  const masks = maskFolders(images).find((folder) => isFolder(folder) && helps(images, { masks: folder }));
  const labels = labelFiles(images).find((file) => existsSync(file) && helps(images, { labels: file }));
  const items = findItems({ images, ...(masks !== undefined && { masks }) });
  const beside = masks === undefined ? items : findItems({ images });
  return {
    count: items.length,
    first: items[0].path,
    masked: beside.filter(({ mask }) => mask !== undefined).length,
    ...(masks !== undefined && { masks }),
    ...(labels !== undefined && { labels }),
  };
}
