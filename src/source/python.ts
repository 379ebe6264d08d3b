import { createRequire } from 'node:module';
import type { Node, Parser, Tree } from '@vscode/tree-sitter-wasm';

/** A node of Python's syntax tree. */
export type Syntax = Node;
export type PythonTree = Tree;

/** Parses Python; with the tree before an edit (and told of it by `edit`) only what changed is parsed again. */
export type ParsePython = (text: string, before?: PythonTree) => PythonTree;

/**
 * Loads the grammar. Takes some tens of milliseconds, so one parser is made and shared. A file with syntax errors still
 * has a tree: of what can be read.
 */
export async function loadPython(): Promise<ParsePython> {
  const load = createRequire(__filename);
  const library: typeof import('@vscode/tree-sitter-wasm') = load('@vscode/tree-sitter-wasm');
  await library.Parser.init();
  const grammar = await library.Language.load(load.resolve('@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm'));
  const parser: Parser = new library.Parser();
  parser.setLanguage(grammar);
  return (text, before) => {
    const tree = parser.parse(text, before);
    // Only a parser without a grammar, or one that is told to stop, gives none.
    if (!tree) throw new Error('the Python parser gave no tree');
    return tree;
  };
}

/** The named children, without comments. */
export function childrenOf(node: Syntax): Syntax[] {
  return node.namedChildren.filter((child): child is Syntax => child !== null && child.type !== 'comment');
}

/** The statements of a body. */
export const statementsOf = (node: Syntax | null): Syntax[] => (node ? childrenOf(node) : []);

/** Every node of the given types below a node, in the order of the text. */
export function descendants(node: Syntax, ...types: string[]): Syntax[] {
  return node.descendantsOfType(types).filter((found): found is Syntax => found !== null);
}

/** The text of a string without its quotes, or undefined where it is no plain string. */
export function plainString(node: Syntax): string | undefined {
  if (node.type !== 'string') return undefined;
  const parts = childrenOf(node);
  if (parts.some((part) => part.type === 'interpolation')) return undefined;
  return parts
    .filter((part) => part.type === 'string_content')
    .map((part) => part.text)
    .join('');
}

/** The line of a node as editors count: from 1. */
export const lineOf = (node: Syntax): number => node.startPosition.row + 1;
