import type { ClassDef, FunctionDef } from './file';
import { lastName } from './file';
import type { Project } from './project';
import { descendants, lineOf, type Syntax } from './python';
import type { Place } from './values';

/** How Python writes an operator outside of a module: names of functions and methods, and operators. */
const WRITTEN: Readonly<Record<string, readonly string[]>> = {
  Add: ['+', '+=', 'add', 'add_'],
  Sub: ['-', '-=', 'sub'],
  Mul: ['*', '*=', 'mul', 'mul_'],
  Div: ['/', '/=', 'div'],
  MatMul: ['@', 'matmul', 'bmm', 'mm'],
  Concat: ['cat', 'concat', 'concatenate'],
  Flatten: ['flatten'],
  ReduceMean: ['mean', 'adaptive_avg_pool2d'],
  GlobalAveragePool: ['adaptive_avg_pool2d', 'mean'],
  MaxPool: ['max_pool2d', 'max_pool1d', 'max_pool3d'],
  AveragePool: ['avg_pool2d', 'avg_pool1d', 'adaptive_avg_pool2d'],
  Relu: ['relu', 'relu_'],
  Sigmoid: ['sigmoid'],
  Softmax: ['softmax'],
  Tanh: ['tanh'],
  Gelu: ['gelu'],
  LogSoftmax: ['log_softmax'],
  Resize: ['interpolate', 'upsample'],
  Transpose: ['permute', 'transpose', 'movedim'],
  LayerNormalization: ['layer_norm'],
  Reshape: ['reshape', 'view', 'flatten'],
};

interface Forward {
  readonly methods: readonly FunctionDef[];
  /** Functions are called that could hold the operation. */
  readonly closed: boolean;
}

/** `forward` and the methods of the class that it calls. */
function forwardOf(project: Project, of: ClassDef): Forward {
  const methods: FunctionDef[] = [];
  let closed = true;
  const visit = (name: string): void => {
    const method = project.method(of, name);
    if (!method || methods.includes(method)) return;
    methods.push(method);
    for (const call of descendants(method.node, 'call')) {
      const callee = call.childForFieldName('function');
      if (callee?.type === 'attribute' && callee.childForFieldName('object')?.text === 'self') visit(lastName(callee));
      if (callee?.type === 'identifier' && project.resolve(method.file, callee.text)) closed = false;
    }
  };
  visit('forward');
  return { methods, closed };
}

const insideAny = (node: Syntax, types: RegExp, until: Syntax): boolean => {
  for (let at = node.parent; at && at.id !== until.id; at = at.parent) if (types.test(at.type)) return true;
  return false;
};

/** Attributes that `forward` calls whatever its input is. */
export function alwaysCalled(project: Project, of: ClassDef): ReadonlySet<string> {
  const found = new Set<string>();
  for (const method of forwardOf(project, of).methods) {
    for (const call of descendants(method.node, 'call')) {
      const callee = call.childForFieldName('function');
      if (callee?.type !== 'attribute' || callee.childForFieldName('object')?.text !== 'self') continue;
      if (!insideAny(call, /^(if|for|while|try)_statement$|conditional|boolean|lambda|comprehension/, method.node))
        found.add(lastName(callee));
    }
  }
  return found;
}

/** How often `forward` writes a call of an attribute. */
export function timesCalled(project: Project, of: ClassDef, attribute: string): number {
  const calls = forwardOf(project, of).methods.flatMap(({ node }) => descendants(node, 'call'));
  return calls.filter((call) => call.childForFieldName('function')?.text === `self.${attribute}`).length;
}

/** Attributes that the statement around an expression calls. */
function calledIn(found: Syntax, until: Syntax): string[] {
  let statement = found;
  while (statement.parent && statement.parent.id !== until.id && !/_statement$/.test(statement.type))
    statement = statement.parent;
  return descendants(statement, 'call').flatMap((call) => {
    const callee = call.childForFieldName('function');
    return callee?.type === 'attribute' && callee.childForFieldName('object')?.text === 'self'
      ? [lastName(callee)]
      : [];
  });
}

/**
 * Of the same operation in several branches, the one that ran: all modules that it calls have left a trace, and one of
 * them is called nowhere else.
 */
function theOnlyTaken<T extends { readonly calls: readonly string[] }>(
  candidates: readonly T[],
  parts: ReadonlySet<string>,
  times: (name: string) => number,
): T | undefined {
  const possible = candidates.filter(({ calls }) => calls.every((name) => parts.has(name)));
  if (possible.length === 1) return possible[0].calls.length > 0 ? possible[0] : undefined;
  const taken = possible.filter(({ calls }) => calls.some((name) => times(name) === 1));
  return taken.length === 1 ? taken[0] : undefined;
}

/**
 * Where a class computes an operation outside of its modules: the line that writes it, where only that can be meant;
 * else the line where `forward` begins.
 *
 * @param index which of the `count` nodes of this operator that the class made
 * @param parts modules of the instance that have left a trace
 */
export function operationPlace(
  project: Project,
  of: ClassDef,
  op: string,
  index: number,
  count: number,
  parts: ReadonlySet<string>,
): { readonly place: Place; readonly exact: boolean } | undefined {
  const { methods, closed } = forwardOf(project, of);
  const [forward] = methods;
  if (!forward) return undefined;
  const written = WRITTEN[op] ?? [];
  const candidates = methods.flatMap(({ node, file }) =>
    descendants(node, 'binary_operator', 'augmented_assignment', 'call')
      .filter((found) => {
        const callee = found.childForFieldName('function');
        if (callee?.type === 'attribute' && callee.childForFieldName('object')?.text === 'self') return false;
        const name = callee ? lastName(callee) : found.childForFieldName('operator')?.text;
        return written.includes(name ?? '');
      })
      .map((found) => ({
        file: file.path,
        line: lineOf(found.childForFieldName('operator') ?? found.childForFieldName('function') ?? found),
        calls: calledIn(found, node),
        looped: insideAny(found, /^(for|while|if)_statement$|comprehension|conditional|lambda/, node),
      })),
  );
  const lines = new Set(candidates.map(({ file, line }) => `${file}:${line}`));
  const inOrder = methods.length === 1 && candidates.length === count && !candidates.some(({ looped }) => looped);
  const found = inOrder
    ? candidates[index]
    : lines.size === 1
      ? candidates[0]
      : theOnlyTaken(candidates, parts, (name) => timesCalled(project, of, name));
  if (closed && found) return { place: { file: found.file, line: found.line }, exact: true };
  return { place: { file: forward.file.path, line: lineOf(forward.node) }, exact: false };
}
