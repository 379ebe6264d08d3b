import type { Graph, Node } from '../graph/ir';

/** A line of a stack trace. */
export interface Frame {
  readonly path: string;
  readonly line: number;
  /** The line as it was then. */
  readonly text: string;
}

/** What an exporter left in the model of where a node comes from. */
export interface Origin {
  /** The module that made it, from the model down: `['layer1', '0', 'conv1']`; empty for the model itself. */
  readonly path: readonly string[];
  /** Classes of the model and of each module on the way, where the exporter says them. */
  readonly classes?: readonly string[];
  /** Outermost first; empty where the exporter left none. */
  readonly frames: readonly Frame[];
  readonly op: string;
  /** The path may have been changed for a name that was taken: `relu` called again is `relu_1`. */
  readonly numbered: boolean;
}

/** What a normalisation may be folded into. */
const FOLDED_INTO: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

const META = 'pkg.torch.onnx.';

/** A Python list of strings as `repr` writes it. */
function pythonList(text: string): string[] {
  return [...text.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)].map((found) => found[1] ?? found[2]);
}

function framesOf(trace: string | undefined): Frame[] {
  const found = (trace ?? '').matchAll(/File "(.+)", line (\d+), in .*(?:\n[ \t]+(?!File ")(.*))?/g);
  return [...found].map(([, path, line, text]) => ({ path, line: Number(line), text: (text ?? '').trim() }));
}

function ofDynamo(node: Node, metadata: Readonly<Record<string, string>>): Origin | undefined {
  const scopes = metadata[`${META}name_scopes`];
  if (scopes === undefined) return undefined;
  // The last name is that of the operation itself.
  const modules = pythonList(scopes).slice(0, -1);
  const classes = pythonList(metadata[`${META}class_hierarchy`] ?? '').slice(0, -1);
  return {
    path: (modules.at(-1) ?? '').split('.').filter(Boolean),
    ...(classes.length === modules.length && { classes: classesByDepth(modules, classes) }),
    frames: framesOf(metadata[`${META}stack_trace`]),
    op: node.op,
    numbered: false,
  };
}

/** Classes at each depth of the path; '' for containers that are never called themselves. */
function classesByDepth(modules: readonly string[], classes: readonly string[]): string[] {
  const byDepth: string[] = [];
  modules.forEach((name, index) => {
    const depth = name === '' ? 0 : name.split('.').length;
    while (byDepth.length < depth) byDepth.push('');
    byDepth[depth] = classes[index].split('.').at(-1) ?? '';
  });
  return byDepth;
}

/** `/layer1/layer1.0/conv1/Conv` → layer1, 0, conv1. Parts repeat the name of the container they lie in. */
function ofScopedName(node: Node): Origin | undefined {
  const name = node.name || node.outputs[0].replace(/_output_\d+$/, '');
  if (!name.startsWith('/')) return undefined;
  const path: string[] = [];
  let before = '';
  for (const part of name.slice(1).split('/').slice(0, -1)) {
    const below = before !== '' && part.startsWith(`${before}.`) ? part.slice(before.length + 1) : part;
    path.push(...below.split('.'));
    before = part;
  }
  return { path, frames: [], op: node.op, numbered: true };
}

/** `layer1.0.conv1.weight` → layer1, 0, conv1: what a node reads names its module when nothing else does. */
function ofWeights(node: Node, graph: Graph): Origin | undefined {
  const weight = node.inputs.find((input) => graph.initializers.has(input) && /^[A-Za-z_][\w.]*\.weight$/.test(input));
  if (weight === undefined) return undefined;
  return { path: weight.split('.').slice(0, -1), frames: [], op: node.op, numbered: false };
}

/** Where a node comes from, by what the exporter wrote; undefined when it wrote nothing. */
export function originOf(node: Node, graph: Graph): Origin | undefined {
  const dynamo = node.metadata && ofDynamo(node, node.metadata);
  const weights = ofWeights(node, graph);
  if (!dynamo) return ofScopedName(node) ?? weights;
  // A convolution with the normalisation folded in bears the name of the normalisation.
  if (!weights || weights.path.join('.') === dynamo.path.join('.')) return dynamo;
  // Modules of equal weights share one of them, by either's name.
  if (!FOLDED_INTO.has(node.op) || !/Norm/.test(dynamo.classes?.at(-1) ?? 'Norm')) return dynamo;
  return { ...weights, frames: dynamo.frames, ...(dynamo.classes && { classes: dynamo.classes.slice(0, -1) }) };
}
