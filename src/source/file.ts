import { childrenOf, type PythonTree, plainString, type Syntax, statementsOf } from './python';

/** A class as the file writes it. */
export interface ClassDef {
  readonly name: string;
  readonly file: PythonFile;
  readonly node: Syntax;
  /** What it inherits from, as written: `nn.Module` → `Module`. */
  readonly bases: readonly string[];
  readonly methods: ReadonlyMap<string, FunctionDef>;
}

export interface FunctionDef {
  readonly name: string;
  readonly file: PythonFile;
  readonly node: Syntax;
  readonly owner?: string;
}

/** One parsed file of the training code. */
export interface PythonFile {
  readonly path: string;
  readonly text: string;
  readonly tree: PythonTree;
  readonly classes: ReadonlyMap<string, ClassDef>;
  readonly functions: ReadonlyMap<string, FunctionDef>;
  /** Name here → what it is there: the module and, for `from … import`, the name in it. */
  readonly imports: ReadonlyMap<string, { readonly module: string; readonly name?: string }>;
}

/** The last part of a dotted name. */
export const lastName = (node: Syntax): string =>
  (node.type === 'attribute' ? node.childForFieldName('attribute')?.text : node.text) ?? '';

const withoutDecorators = (node: Syntax): Syntax =>
  node.type === 'decorated_definition' ? (node.childForFieldName('definition') ?? node) : node;

/** Statements of a body, with those inside `if`, `try` and `with`: definitions may stand there too. */
function* reachable(node: Syntax): Generator<Syntax> {
  for (const child of statementsOf(node)) {
    const statement = withoutDecorators(child);
    yield statement;
    if (/^(if|try|with)_statement$|_clause$|^block$/.test(statement.type)) yield* reachable(statement);
  }
}

function importsOf(root: Syntax): PythonFile['imports'] {
  const imports = new Map<string, { module: string; name?: string }>();
  for (const statement of reachable(root)) {
    if (statement.type !== 'import_statement' && statement.type !== 'import_from_statement') continue;
    const module = statement.childForFieldName('module_name')?.text;
    if (module !== undefined && childrenOf(statement).some(({ type }) => type === 'wildcard_import'))
      imports.set(`* of ${module}`, { module, name: '*' });
    for (const imported of statement.childrenForFieldName('name')) {
      if (!imported) continue;
      const alias = imported.childForFieldName('alias')?.text;
      const name = imported.childForFieldName('name')?.text ?? imported.text;
      if (module !== undefined) imports.set(alias ?? name, { module, name });
      else imports.set(alias ?? name.split('.')[0], { module: alias ? name : name.split('.')[0] });
    }
  }
  return imports;
}

/** Indexes what a parsed file defines. */
export function readFile(path: string, text: string, tree: PythonTree): PythonFile {
  const classes = new Map<string, ClassDef>();
  const functions = new Map<string, FunctionDef>();
  const file: PythonFile = { path, text, tree, classes, functions, imports: importsOf(tree.rootNode) };
  for (const node of reachable(tree.rootNode)) {
    const name = node.childForFieldName('name')?.text;
    if (name === undefined) continue;
    if (node.type === 'function_definition') functions.set(name, { name, file, node });
    if (node.type !== 'class_definition') continue;
    const methods = new Map<string, FunctionDef>();
    for (const child of statementsOf(node.childForFieldName('body'))) {
      const method = withoutDecorators(child);
      const called = method.childForFieldName('name')?.text;
      if (method.type === 'function_definition' && called)
        methods.set(called, { name: called, file, node: method, owner: name });
    }
    const parents = node.childForFieldName('superclasses');
    const bases = parents
      ? childrenOf(parents).filter(({ type }) => type === 'identifier' || type === 'attribute')
      : [];
    classes.set(name, { name, file, node, bases: bases.map(lastName), methods });
  }
  return file;
}

/** A pattern that only the text itself matches. */
export const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The name a Python string gives to a part of a model, as a pattern: `f'block{i}'` → /^block\w+$/. */
export function namePattern(node: Syntax): RegExp | string | undefined {
  const plain = plainString(node);
  if (plain !== undefined && !plain.includes('%')) return plain;
  if (node.type === 'string') {
    const parts = childrenOf(node).map((part) =>
      part.type === 'interpolation' ? '\\w+' : part.type === 'string_content' ? literally(part.text) : '',
    );
    return new RegExp(`^${parts.join('').replace(/%\d*[dis]/g, '\\w+')}$`);
  }
  if (node.type === 'binary_operator') {
    const [left, right] = [node.childForFieldName('left'), node.childForFieldName('right')];
    if (node.childForFieldName('operator')?.text === '%') return left ? namePattern(left) : undefined;
    const sides = [left, right].map((side) => {
      const name = side ? plainString(side) : undefined;
      return name === undefined ? '\\w+' : literally(name);
    });
    return sides.some((side) => side !== '\\w+') ? new RegExp(`^${sides.join('')}$`) : undefined;
  }
  const called = node.type === 'call' ? node.childForFieldName('function') : null;
  if (called?.type === 'attribute' && lastName(called) === 'format') {
    const text = plainString(called.childForFieldName('object') ?? called);
    if (text !== undefined)
      return new RegExp(
        `^${text
          .split(/\{[^}]*\}/)
          .map(literally)
          .join('\\w+')}$`,
      );
  }
  return undefined;
}
