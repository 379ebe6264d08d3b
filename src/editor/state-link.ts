import { realpath } from 'node:fs/promises';
import * as path from 'node:path';
import { PrismError } from '../graph/errors';
import type { OptionInfo, OptionValues, Where } from '../protocol';
import type { PanelLook, PanelQuestion } from '../protocol/panel';

/** What a panel shows: the question, and what is open in the answer. */
export interface LinkedState {
  readonly question: PanelQuestion;
  readonly look?: PanelLook | undefined;
}

/** A folder of the workspace. */
export interface LinkFolder {
  readonly name: string;
  readonly path: string;
}

/** A link as it is written: paths are relative to a folder of the workspace, with slashes. */
interface Linked {
  readonly v: 1;
  /** Which folder, where the workspace has several. */
  readonly folder?: string;
  readonly model: string;
  readonly image?: string;
  readonly textFile?: string;
  readonly text?: string;
  readonly method: string;
  readonly target?: number | string;
  readonly score?: string;
  readonly where?: Where;
  readonly options?: OptionValues;
  readonly layer?: string;
  readonly pinned?: { readonly x: number; readonly y: number };
}

/** Longer than any state that was copied here. */
const MOST_CHARACTERS = 16_000;

const invalid = (why: string): PrismError =>
  new PrismError('LINK_INVALID', `this is no link to an explanation: ${why}; copy it again from the panel`);

const outside = (file: string): PrismError =>
  new PrismError('OUTSIDE_WORKSPACE', `${file} is not in a folder of the workspace, so a link cannot lead there`, {
    file,
  });

const filesOf = (options: readonly OptionInfo[]): ReadonlySet<string> =>
  new Set(options.filter(({ type }) => type === 'file').map(({ key }) => key));

/**
 * The query of a link: what is shown, as base64url, because editors and chats decode and encode the rest of a link as
 * they like.
 *
 * @param declared options of the method: those that are files become relative too
 * @throws PrismError OUTSIDE_WORKSPACE, NOT_LINKABLE
 */
export function writeLink(
  { question, look }: LinkedState,
  folders: readonly LinkFolder[],
  declared: readonly OptionInfo[],
): string {
  const { model, image, textFile, text, method, target, score, where, options } = question;
  if (question.inputs || (image ?? textFile ?? text) === undefined) {
    throw new PrismError('NOT_LINKABLE', 'only explanations of pictures and texts can be linked to');
  }
  const folder = folders.find((candidate) => relativeTo(candidate.path, model) !== undefined);
  if (!folder) throw outside(model);
  const inside = (file: string): string => {
    const relative = relativeTo(folder.path, file);
    if (relative === undefined) throw outside(file);
    requireRelative(relative);
    return relative;
  };
  const files = filesOf(declared);
  const linked: Linked = {
    v: 1,
    ...(folders.length > 1 && { folder: folder.name }),
    model: inside(model),
    ...(image !== undefined && { image: inside(image) }),
    ...(textFile !== undefined && { textFile: inside(textFile) }),
    ...(text !== undefined && { text }),
    method,
    ...(target !== undefined && { target }),
    ...(score !== undefined && { score }),
    ...(where !== undefined && { where }),
    ...(options && {
      options: Object.fromEntries(
        Object.entries(options).map(([key, value]) => [
          key,
          files.has(key) && value !== '' ? inside(String(value)) : value,
        ]),
      ),
    }),
    ...(look && { layer: look.layer }),
    ...(look?.pinned && { pinned: { x: look.pinned.x, y: look.pinned.y } }),
  };
  return Buffer.from(JSON.stringify(linked)).toString('base64url');
}

/** What a link says, in the paths of the link. Throws LINK_INVALID. */
function readLink(query: string): Linked {
  if (query.length > MOST_CHARACTERS) throw invalid('it is too long');
  if (!/^[\w-]+$/.test(query)) throw invalid('it has characters that links do not have');
  let found: unknown;
  try {
    found = JSON.parse(Buffer.from(query, 'base64url').toString('utf8'));
  } catch {
    throw invalid('it was cut or changed');
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw invalid('it says nothing');
  const linked = found as Readonly<Record<string, unknown>>;
  const known = Object.fromEntries(
    Object.entries(checks).flatMap(([key, check]) => {
      const value = linked[key];
      if (value === undefined && optional.has(key)) return [];
      if (!check(value)) throw invalid(`its ${key} makes no sense`);
      return [[key, value]];
    }),
  ) as unknown as Linked;
  const inputs = [known.image, known.textFile, known.text].filter((input) => input !== undefined);
  if (inputs.length !== 1) throw invalid('it does not name one picture or text');
  return known;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isIndex = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isScalar = (value: unknown): boolean => ['boolean', 'string'].includes(typeof value) || isNumber(value);

const checks: Readonly<Record<keyof Linked, (value: unknown) => boolean>> = {
  v: (value) => value === 1,
  folder: isText,
  model: isText,
  image: isText,
  textFile: isText,
  text: isText,
  method: isText,
  target: (value) => isIndex(value) || isText(value),
  score: isText,
  where: (value) =>
    value === 'predicted' || (isRecord(value) && ['x', 'y', 'width', 'height'].every((key) => isNumber(value[key]))),
  options: (value) => isRecord(value) && Object.values(value).every(isScalar),
  layer: isText,
  pinned: (value) => isRecord(value) && isIndex(value.x) && isIndex(value.y),
};

const required: ReadonlySet<string> = new Set(['v', 'model', 'method']);
const optional: ReadonlySet<string> = new Set(Object.keys(checks).filter((key) => !required.has(key)));

/**
 * The state that a link leads to.
 *
 * @param options of a method, by its id
 * @throws PrismError LINK_INVALID, OUTSIDE_WORKSPACE, LINK_TARGET_MISSING, NO_WORKSPACE
 */
export async function followLink(
  query: string,
  folders: readonly LinkFolder[],
  options: (method: string) => Promise<readonly OptionInfo[]>,
): Promise<LinkedState> {
  const linked = readLink(query);
  const { v: _, folder: name, layer, pinned, ...asked } = linked;
  if (folders.length === 0) {
    throw new PrismError('NO_WORKSPACE', `open the folder that has ${linked.model}, then follow the link again`);
  }
  const files = filesOf(await options(asked.method));
  const given = Object.entries(asked.options ?? {});
  const named = given.filter(([key, value]) => files.has(key) && value !== '').map(([, value]) => String(value));
  const paths = [asked.model, asked.image, asked.textFile, ...named].filter((file) => file !== undefined);
  for (const file of paths) requireRelative(file);
  const candidates = folders.filter((folder) => name === undefined || folder.name === name);
  const found = await firstWith(candidates, paths);
  const at = (file: string): string => found.get(file)!;
  const { image, textFile, ...rest } = asked;
  const question: PanelQuestion = {
    ...rest,
    model: at(asked.model),
    ...(image !== undefined && { image: at(image) }),
    ...(textFile !== undefined && { textFile: at(textFile) }),
    ...(asked.options && {
      options: Object.fromEntries(
        given.map(([key, value]) => [key, files.has(key) && value !== '' ? at(String(value)) : value]),
      ),
    }),
  };
  return { question, ...(layer !== undefined && { look: { layer, ...(pinned && { pinned }) } }) };
}

/** The path below a folder, with slashes; undefined for one elsewhere. */
function relativeTo(folder: string, file: string): string | undefined {
  const relative = path.relative(folder, file);
  const up = relative === '..' || relative.startsWith(`..${path.sep}`);
  if (relative === '' || up || path.isAbsolute(relative)) return undefined;
  return relative.split(path.sep).join('/');
}

/** Refuses whatever could lead out of a folder, as any system reads it. Throws OUTSIDE_WORKSPACE. */
function requireRelative(file: string): void {
  const parts = file.split('/');
  const odd = parts.some((part) => part === '' || part === '.' || part === '..');
  if (odd || /[\\:\0]/.test(file)) throw outside(file);
}

/** The first folder that has all the files, which must really lie in it: no link of the file system leads out. */
async function firstWith(
  folders: readonly LinkFolder[],
  files: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  let missing = files[0]!;
  for (const folder of folders) {
    const root = await realpath(folder.path).catch(() => folder.path);
    const found = new Map<string, string>();
    for (const file of files) {
      const whole = path.join(folder.path, ...file.split('/'));
      const real = await realpath(whole).catch(() => undefined);
      if (real === undefined) {
        missing = file;
        break;
      }
      if (relativeTo(root, real) === undefined) throw outside(file);
      found.set(file, whole);
    }
    if (found.size === new Set(files).size) return found;
  }
  throw new PrismError(
    'LINK_TARGET_MISSING',
    `${missing} is in no folder of this workspace; open the one that the link was copied from`,
    { file: missing },
  );
}
