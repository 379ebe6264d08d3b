import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';
import { PrismError } from '../../graph/errors';
import { isPicture } from '../../inputs/discover';
import type { Given } from '../subject';

/** A picture, a text or a row to evaluate on. */
export interface Item {
  /** Path from the folder, with slashes; of a row with its number. */
  readonly name: string;
  /** The file that it is in. */
  readonly path: string;
  /** What is given to the model where that is not the file as a picture. */
  readonly given?: Given;
  /** What results depend on where that is not the whole file. */
  readonly contents?: string;
  /** File of its mask. */
  readonly mask?: string;
  /** Its class as somebody wrote it: label or index. */
  readonly label?: string | number;
  /** True where only the name of its folder or column says so, which may mean something else. */
  readonly guessed?: boolean;
}

export interface Folder {
  readonly images: string;
  /** Folder of masks of the same names; masks called `name.mask.png` are also found beside the pictures. */
  readonly masks?: string;
  /** A .csv or .json file. */
  readonly labels?: string;
}

/** The files of a folder and of those in it, by path; hidden ones are left out. */
export function filesOf(folder: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : code === 'ENOTDIR' ? 'is no folder' : `cannot be read (${code})`;
    throw new PrismError('FILE_NOT_FOUND', `${folder} ${why}; name a folder`, { file: folder }, { cause });
  }
  const order = new Intl.Collator('en', { numeric: true });
  return entries
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => order.compare(a.name, b.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesOf(path);
      return [path];
    });
}

export const withSlashes = (folder: string, path: string): string => relative(folder, path).replaceAll('\\', '/');
const isWithin = (folder: string, path: string): boolean => {
  const way = relative(resolve(folder), resolve(path));
  return !way.startsWith('..') && !isAbsolute(way);
};

const stemOf = (name: string): string => name.slice(0, name.length - extname(name).length);

/** Masks by the stem of the picture they are of. */
function masksOf({ images, masks }: Folder): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const apart = masks !== undefined && resolve(masks) !== resolve(images);
  if (apart) for (const path of filesOf(masks)) found.set(stemOf(withSlashes(masks, path)), path);
  for (const folder of apart ? [images, masks] : [images]) {
    for (const path of filesOf(folder)) {
      const stem = stemOf(withSlashes(folder, path));
      if (stem.endsWith('.mask')) found.set(stem.slice(0, -'.mask'.length), path);
    }
  }
  return found;
}

type Labels = ReadonlyMap<string, string | number>;

const invalid = (file: string, why: string): PrismError =>
  new PrismError(
    'LABELS_INVALID',
    `${file} does not tell the classes of files: ${why}; write lines "file,label", or JSON as {"file": "label"}`,
    { file },
  );

const isClass = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';

/** Classes by file name. Throws FILE_NOT_FOUND, LABELS_INVALID. */
export function readLabels(file: string): Labels {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    throw new PrismError('FILE_NOT_FOUND', `${file} cannot be read; check the path`, { file }, { cause });
  }
  const labels = /\.json$/i.test(file) ? jsonLabels(text, file) : csvLabels(text);
  if (labels.length === 0) throw invalid(file, 'it names none');
  return new Map(labels.map(([name, label]) => [name.replaceAll('\\', '/').replace(/^\.\//, ''), label]));
}

function jsonLabels(text: string, file: string): [string, string | number][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw invalid(file, (error as Error).message);
  }
  if (!Array.isArray(parsed)) {
    const entries = Object.entries(parsed ?? {});
    return entries.filter((entry): entry is [string, string | number] => isClass(entry[1]));
  }
  return parsed.flatMap((row: Record<string, unknown>): [string, string | number][] => {
    const name = row?.image ?? row?.file ?? row?.name;
    const label = isClass(row?.class) ? row.class : row?.label;
    return typeof name === 'string' && isClass(label) ? [[name, label]] : [];
  });
}

/** Lines `picture,label`; a label may hold commas itself, both may stand in quotes. */
const csvLabels = (text: string): [string, string][] =>
  text.split(/\r\n|\n|\r/).flatMap((line): [string, string][] => {
    const match = /^\s*("(?:[^"]|"")*"|[^,;\t]*)\s*[,;\t]\s*(.*?)\s*$/.exec(line);
    return match?.[2] ? [[unquoted(match[1]), unquoted(match[2])]] : [];
  });

const unquoted = (text: string): string =>
  text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text.trim();

/**
 * The pictures of a folder, in the order of their names, with what is known of them. A picture in a folder of its own
 * within may have its class from that folder's name.
 *
 * @throws PrismError FILE_NOT_FOUND, LABELS_INVALID, NO_IMAGES
 */
export function findItems(folder: Folder): Item[] {
  const { images } = folder;
  // Masks in a folder within that of the pictures are nothing to explain.
  const isMask = (path: string): boolean =>
    folder.masks !== undefined && resolve(folder.masks) !== resolve(images) && isWithin(folder.masks, path);
  const pictures = filesOf(images).filter((path) => isPicture(basename(path)) && !isMask(path));
  if (pictures.length === 0) {
    throw new PrismError('NO_IMAGES', `there are no pictures in ${images}; name a folder of pictures`, {
      file: images,
    });
  }
  const masks = masksOf(folder);
  const labels = folder.labels === undefined ? undefined : readLabels(folder.labels);
  return pictures.map((path) => {
    const name = withSlashes(images, path);
    const mask = masks.get(stemOf(name));
    return { name, path, ...(mask !== undefined && { mask }), ...labelled(name, labels) };
  });
}

/** The class of a file: as the labels say, or without any by the name of the folder that it is in. */
export function labelled(name: string, labels: Labels | undefined): Pick<Item, 'label' | 'guessed'> {
  const parent = basename(dirname(name));
  const written = labels?.get(name) ?? labels?.get(basename(name));
  const guessed = labels === undefined && parent !== '' && parent !== '.';
  const label = guessed ? parent : written;
  return label === undefined ? {} : { label, guessed };
}
