// Collects the texts of the extension and the panel into l10n/bundle.l10n.json, which translations start from.
//   npm run l10n
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from '@swc/core';
import { isMain, root, runMain, ScriptError, step } from './tools.mjs';

const bundle = path.join(root, 'l10n', 'bundle.l10n.json');

const folders = ['src/editor', 'webview'];

function sources() {
  return folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
      .map((file) => path.join(folder, file)),
  );
}

/** `t(…)`, `this.t(…)`, `vscode.l10n.t(…)` */
const isTranslation = ({ type, callee }) =>
  type === 'CallExpression' &&
  (callee.type === 'Identifier'
    ? callee.value === 't'
    : callee.type === 'MemberExpression' && callee.property.value === 't');

/** What the first argument may evaluate to; undefined for an expression that is no text of this place. */
function textsOf(expression) {
  switch (expression.type) {
    case 'StringLiteral':
      return [expression.value];
    case 'ConditionalExpression':
      return [...(textsOf(expression.consequent) ?? []), ...(textsOf(expression.alternate) ?? [])];
    default:
      return undefined;
  }
}

function collectFrom(node, found) {
  if (Array.isArray(node)) for (const child of node) collectFrom(child, found);
  else if (typeof node === 'object' && node !== null) {
    if (isTranslation(node)) for (const text of textsOf(node.arguments[0].expression) ?? []) found.add(text);
    for (const child of Object.values(node)) collectFrom(child, found);
  }
}

/** @returns {string[]} every text, sorted */
export function collectTexts() {
  const found = new Set();
  for (const file of sources()) {
    const syntax = { syntax: 'typescript', decorators: true, target: 'es2022' };
    collectFrom(parseSync(readFileSync(path.join(root, file), 'utf8'), syntax), found);
  }
  return [...found].sort();
}

if (isMain(import.meta)) {
  await runMain(() => {
    const texts = collectTexts();
    if (texts.length === 0) throw new ScriptError(`no texts were found in ${folders.join(' and ')}`);
    writeFileSync(bundle, `${JSON.stringify(Object.fromEntries(texts.map((text) => [text, text])), null, 2)}\n`);
    step(`${texts.length} texts in ${path.relative(root, bundle)}`);
  });
}
