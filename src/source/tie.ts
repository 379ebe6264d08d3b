import { dirname } from 'node:path';
import type { Graph } from '../graph/ir';
import { Builder, TooMuch } from './construct';
import { type ClassDef, lastName, type PythonFile } from './file';
import { operationPlace } from './forward';
import { tieKeras } from './keras/tie';
import { type Found, Matcher } from './match';
import { below, type ModelModules, type ModuleNode, modulesOf, positionOf, withoutNumber } from './modules';
import type { Frame } from './origin';
import type { Project } from './project';
import { descendants, lineOf, type Syntax, statementsOf } from './python';
import { ANYTHING, type Instance, type Place, type Tie } from './values';

interface Root {
  readonly instance: Instance;
  readonly matcher: Matcher;
  readonly found: ReadonlyMap<ModuleNode, Found>;
  readonly fits: boolean;
  /** How many modules were found. */
  readonly score: number;
}

/** At least so much of a model must be found in a class that only resembles it. */
const RESEMBLES = 0.8;

/**
 * Ties the values of a model to lines of the training code, as far as that is certain. A value that is not in the result
 * is unknown.
 *
 * @param project the training code
 * @param modelPath where the model lies: of equal classes the one in the nearest file is meant
 */
export function tieToSource(graph: Graph, project: Project, modelPath: string): ReadonlyMap<string, Tie> {
  const modules = modulesOf(graph);
  if (modules.nodes.size === 0) return tieKeras(graph, project);
  const roots = rootsOf(project, modules, modelPath);
  const ties = new Map<string, Tie>();
  const places = new Map([...below(modules.root)].map((module) => [module, agreed(module, roots)]));
  const counts = new Map<string, number>();
  const key = (module: ModuleNode, op: string): string => `${pathOf(module)}/${op}`;
  for (const { module, origin } of modules.nodes.values())
    counts.set(key(module, origin.op), (counts.get(key(module, origin.op)) ?? 0) + 1);
  const done = new Map<string, number>();
  for (const [node, { module, origin }] of modules.nodes) {
    const name = key(module, origin.op);
    const index = done.get(name) ?? 0;
    done.set(name, index + 1);
    const classes = classesOf(module, roots);
    let tie: Tie | undefined;
    if (classes) {
      const frame = frameIn(origin.frames, classes, project);
      const written =
        classes.length === 1
          ? operationPlace(
              project,
              classes[0],
              origin.op,
              index,
              counts.get(name) ?? 0,
              new Set(module.children.keys()),
            )
          : undefined;
      const exact = frame ?? (written?.exact ? written.place : undefined);
      const guessed = roots.some(({ found }) => found.get(module)?.guessed);
      const place = exact ?? (guessed ? undefined : written?.place);
      if (place) tie = { ...place, certainty: exact ? 'exact' : 'enclosing', module: pathOf(module) };
    }
    tie ??= nearest(module, places);
    // Code of other packages: the line that called it.
    tie ??= called(origin.frames, project, pathOf(module));
    if (tie) for (const output of node.outputs) if (output) ties.set(output, tie);
  }
  return ties;
}

const pathOf = (module: ModuleNode): string =>
  module.parent ? [pathOf(module.parent), module.name].filter(Boolean).join('.') : '';

/** Classes that the exported model may be an instance of, the best ones. */
function rootsOf(project: Project, modules: ModelModules, modelPath: string): Root[] {
  const { root } = modules;
  const first = [...root.children.keys()];
  if (first.length === 0) return [];
  const builder = new Builder(project);
  const matcher = new Matcher(builder, modules.numbered);
  const isPlausible = (of: ClassDef): boolean => {
    if (!project.isModule(of) || (root.className && root.className !== of.name)) return false;
    const attributes = matcher.attributes(of);
    const known = first.filter((name) => attributes.has(name) || attributes.has(withoutNumber(name)));
    return (
      known.length * 2 >= first.length ||
      first.every((name) => positionOf(name, modules.numbered) !== undefined) ||
      (known.length > 0 && /add_module|setattr|ModuleDict/.test(of.node.text))
    );
  };
  const classes = project.files.flatMap((file) => [...file.classes.values()]).filter(isPlausible);
  const instances = classes.flatMap((of) => [
    ...instancesOf(of, project, builder),
    { kind: 'object', of, args: ANYTHING, at: { file: of.file.path, line: lineOf(of.node) } } satisfies Instance,
  ]);
  const modulesInAll = [...below(root)].length - 1;
  const found = instances.flatMap((instance): Root[] => {
    try {
      const places = new Map<ModuleNode, Found>();
      const fits = matcher.fits(instance, root);
      matcher.place(instance, root, places);
      const score = [...places.values()].filter(({ places }) => places.length === 1).length - 1;
      return [{ instance, matcher, found: places, fits, score }];
    } catch (cause) {
      if (cause instanceof TooMuch) return [];
      throw cause;
    }
  });
  const likely = found.filter(({ fits, score, instance }) =>
    fits || root.className === instance.of.name ? score > 0 : score >= RESEMBLES * modulesInAll,
  );
  const rank = (one: Root): readonly number[] => [
    Number(one.fits),
    one.score,
    common(dirname(modelPath), one.instance.of.file.path),
  ];
  const best = likely.reduce<readonly number[]>((high, one) => (compare(rank(one), high) > 0 ? rank(one) : high), []);
  return likely.filter((one) => compare(rank(one), best) === 0);
}

const compare = (a: readonly number[], b: readonly number[]): number => {
  const index = a.findIndex((value, at) => value !== b[at]);
  return index < 0 ? 0 : a[index] - (b[index] ?? -1);
};

/** How many folders two paths have in common. */
function common(a: string, b: string): number {
  const [one, other] = [a, b].map((path) => path.split(/[\\/]/));
  const differs = one.findIndex((part, index) => part !== other[index]);
  return differs < 0 ? one.length : differs;
}

/** Instances of a class that functions and files of the training code make: they tell what it is made of. */
function instancesOf(of: ClassDef, project: Project, builder: Builder): Instance[] {
  const before = builder.instances.length;
  for (const file of project.files) {
    if (!file.text.includes(of.name)) continue;
    const calls = callsIn(file).get(of.name) ?? [];
    if (calls.length === 0) continue;
    const functions = [...file.functions.values()].filter(({ node }) =>
      calls.some((call) => call.startIndex >= node.startIndex && call.endIndex <= node.endIndex),
    );
    for (const definition of functions.slice(0, 20)) attempt(() => builder.call(definition, ANYTHING));
    const top = calls.filter(
      (call) => !functions.some(({ node }) => call.startIndex >= node.startIndex && call.endIndex <= node.endIndex),
    );
    if (top.length > 0) attempt(() => builder.run(statementsOf(file.tree.rootNode), topLevel(file)));
  }
  return builder.instances.slice(before).filter((instance) => instance.of === of);
}

const callsByFile = new WeakMap<PythonFile, ReadonlyMap<string, readonly Syntax[]>>();

/** The calls that a file writes, by the last part of what is called. */
function callsIn(file: PythonFile): ReadonlyMap<string, readonly Syntax[]> {
  const known = callsByFile.get(file);
  if (known) return known;
  const calls = new Map<string, Syntax[]>();
  callsByFile.set(file, calls);
  for (const call of descendants(file.tree.rootNode, 'call')) {
    const callee = call.childForFieldName('function');
    const name = callee ? lastName(callee) : '';
    calls.set(name, [...(calls.get(name) ?? []), call]);
  }
  return calls;
}

const topLevel = (file: PythonFile) => ({ file, names: new Map(), returns: [] });

function attempt(run: () => unknown): void {
  try {
    run();
  } catch (cause) {
    if (!(cause instanceof TooMuch)) throw cause;
  }
}

/** The one line that every possible root gives for a module. */
function agreed(module: ModuleNode, roots: readonly Root[]): Place | undefined {
  const all = roots.map(({ found, instance }) =>
    module.parent
      ? (found.get(module)?.places ?? [])
      : [{ file: instance.of.file.path, line: lineOf(instance.of.node) }],
  );
  const [first] = all;
  const [place] = first ?? [];
  const same = all.every(
    (places) => places.length === 1 && places[0].file === place?.file && places[0].line === place.line,
  );
  return same ? place : undefined;
}

/** Classes of a module, where every root says the same and it is no layer of a library. */
function classesOf(module: ModuleNode, roots: readonly Root[]): readonly ClassDef[] | undefined {
  const [first, ...others] = roots.map(({ found, instance }) => {
    if (!module.parent) return [instance.of];
    const made = found.get(module);
    return made && !made.foreign ? made.classes : [];
  });
  if (!first || first.length === 0) return undefined;
  const same = others.every((classes) => classes.length === first.length && classes.every((of) => first.includes(of)));
  return same ? first : undefined;
}

function nearest(module: ModuleNode, places: ReadonlyMap<ModuleNode, Place | undefined>): Tie | undefined {
  for (let at: ModuleNode | undefined = module; at; at = at.parent) {
    const place = places.get(at);
    if (place)
      return { ...place, certainty: at === module && at.parent ? 'exact' : 'enclosing', module: pathOf(module) };
  }
  return undefined;
}

/** The line of a frame in the code as it is now: the same text on the same line, or on the only line that has it. */
function lineNow(frame: Frame, file: PythonFile): number | undefined {
  const lines = file.text.split('\n').map((line) => line.trim());
  if (frame.text === '') return undefined;
  if (lines[frame.line - 1] === frame.text) return frame.line;
  const first = lines.indexOf(frame.text);
  return first >= 0 && lines.indexOf(frame.text, first + 1) < 0 ? first + 1 : undefined;
}

const baseName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;

/** The innermost frame, when it lies in one of the classes. */
function frameIn(frames: readonly Frame[], classes: readonly ClassDef[], project: Project): Place | undefined {
  const frame = frames.at(-1);
  if (!frame) return undefined;
  for (const of of classes.flatMap((of) => project.lineage(of))) {
    if (baseName(of.file.path) !== baseName(frame.path)) continue;
    const line = lineNow(frame, of.file);
    if (line && line >= lineOf(of.node) && line <= of.node.endPosition.row + 1) return { file: of.file.path, line };
  }
  return undefined;
}

/** The innermost frame that lies in the training code. */
function called(frames: readonly Frame[], project: Project, module: string): Tie | undefined {
  for (const frame of [...frames].reverse()) {
    const named = project.files.filter(({ path }) => baseName(path) === baseName(frame.path));
    const found = named.flatMap((file) => {
      const line = lineNow(frame, file);
      return line === undefined ? [] : [{ file: file.path, line }];
    });
    if (found.length === 1) return { ...found[0], certainty: 'enclosing', module };
  }
  return undefined;
}
