import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PrismError } from '../graph/errors';
import type { PythonFile } from './file';
import type { ParsedFiles } from './parsed';
import { Project } from './project';

const IGNORED = /^(\..*|__pycache__|node_modules|site-packages|venv|env|build|dist)$/;
const MAX_FILES = 500;
const MAX_BYTES = 2_000_000;

/** Paths of the Python files of a folder, those nearest to it first; a file stands for itself. */
function pythonFiles(root: string): string[] {
  if (root.endsWith('.py')) return [root];
  const found: string[] = [];
  const folders = [root];
  for (let folder = folders.shift(); folder !== undefined && found.length < MAX_FILES; folder = folders.shift()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !IGNORED.test(entry.name)) folders.push(join(folder, entry.name));
      else if (entry.isFile() && entry.name.endsWith('.py')) found.push(join(folder, entry.name));
    }
  }
  return found.slice(0, MAX_FILES);
}

/**
 * Reads the training code of a folder, or of one file.
 *
 * @param parsed what was read before: only what changed since is parsed again
 * @param open texts that are not saved yet, by path
 * @throws PrismError FILE_NOT_FOUND, FILE_UNREADABLE
 */
export function readProject(root: string, parsed: ParsedFiles, open: ReadonlyMap<string, string> = new Map()): Project {
  const files: PythonFile[] = [];
  try {
    for (const path of pythonFiles(root)) {
      if (statSync(path).size > MAX_BYTES) continue;
      files.push(parsed.of(path, open.get(path) ?? readFileSync(path, 'utf8')));
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw code === 'ENOENT'
      ? new PrismError('FILE_NOT_FOUND', `there is no training code at ${root}`, {}, { cause })
      : new PrismError(
          'FILE_UNREADABLE',
          `the training code at ${root} cannot be read (${code ?? String(cause)})`,
          {},
          { cause },
        );
  }
  return new Project(files);
}
