// Whether a fresh clone can install from the lock file, on every platform.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isMain, root, runMain, ScriptError } from './tools.mjs';

/**
 * @throws ScriptError when a package's platform variant is missing, for then `npm ci` refuses the whole file, or when
 *   a package names the registry that it came from
 */
export function checkLock() {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const locked = new Set(Object.keys(packages).map((folder) => folder.replace(/^.*node_modules\//, '')));
  const problems = [];
  for (const [folder, { resolved, optionalDependencies = {} }] of Object.entries(packages)) {
    if (resolved) problems.push(`${folder} names a registry host`);
    const missing = Object.keys(optionalDependencies).filter((name) => !locked.has(name));
    if (missing.length > 0) problems.push(`${folder} lacks ${missing.join(', ')}`);
  }
  if (problems.length > 0) {
    const remedy = 'take a version that is published for every platform, and run npm install again';
    throw new ScriptError(`package-lock.json: ${problems.join('; ')}: ${remedy}`);
  }
}

if (isMain(import.meta)) await runMain(checkLock);
