import type { Graph } from '../../graph/ir';
import { Builder, TooMuch } from '../construct';
import type { Project } from '../project';
import { lineOf, statementsOf } from '../python';
import { ANYTHING, type Place, type Tie } from '../values';
import { isContainer, Makers, placeOf } from './made';
import { usesKeras } from './names';
import { type Scope, scopesOf } from './scopes';

/** Code that may have made the model: a function, a class, the statements of a file. */
interface Root {
  readonly place: Place;
  readonly run: (builder: Builder) => unknown;
}

/** Where the layers of the model were made, if a root made them. */
interface Reading {
  readonly root: Root;
  readonly makers: Makers;
  /** The line of each layer that is certain, by its name. */
  readonly places: ReadonlyMap<string, Place>;
  /** Layers of the model that the root may have made. */
  readonly possible: number;
}

/** At least so much of a model must be made by a root that only resembles it. */
const RESEMBLES = 0.75;

/**
 * How layers are called in a model: by their names, or, as Keras 3 exports them, each with the number of the call of the
 * scope behind it.
 */
const FORMS: readonly ((part: string) => string | undefined)[] = [
  (part) => part,
  (part) => (/_\d+$/.test(part) ? part.replace(/_\d+$/, '') : undefined),
];

/**
 * Ties the values of a model exported from Keras (by Keras itself or tf2onnx) to lines of the training code: by the names
 * that layers were given, or by their numbers, which Keras gives in the order in which layers are made. What two lines may
 * have made is not tied.
 */
export function tieKeras(graph: Graph, project: Project): ReadonlyMap<string, Tie> {
  const scopes = scopesOf(graph);
  if (scopes.length === 0) return new Map();
  const readings = rootsOf(project).flatMap((root) => readingsOf(root, scopes, project));
  const best = bestOf(readings);
  const ties = new Map<string, Tie>();
  for (const { node, parts } of scopes) {
    const found = best.map((reading) => tieBy(reading, parts));
    const [first] = found;
    const same = first && found.every((tie) => tie?.file === first.file && tie.line === first.line);
    if (same) for (const output of node.outputs) if (output) ties.set(output, first);
  }
  return ties;
}

function rootsOf(project: Project): Root[] {
  return project.files.filter(usesKeras).flatMap((file): Root[] => {
    const place = (line: number): Place => ({ file: file.path, line });
    const statements = statementsOf(file.tree.rootNode);
    const outside = (builder: Builder) => builder.run(statements, { file, names: new Map(), returns: [] });
    const functions = [...file.functions.values()].flatMap((of): Root[] => {
      const call = (builder: Builder) => builder.call(of, ANYTHING);
      const at = place(lineOf(of.node));
      // What stands outside of functions may be part of the model that one makes, or may be what calls it.
      const whole = (builder: Builder) => [outside(builder), call(builder)];
      return [
        { place: at, run: call },
        { place: at, run: whole },
      ];
    });
    const classes = [...file.classes.values()].filter((of) => project.isKeras(of));
    const instances = classes.map((of): Root => {
      const at = place(lineOf(of.node));
      return { place: at, run: (builder) => builder.members({ kind: 'object', of, args: ANYTHING, at }) };
    });
    return [...functions, ...instances, { place: place(1), run: outside }];
  });
}

function readingsOf(root: Root, scopes: readonly Scope[], project: Project): Reading[] {
  const builder = new Builder(project);
  try {
    root.run(builder);
  } catch (cause) {
    if (cause instanceof TooMuch) return [];
    throw cause;
  }
  const { items } = builder.log;
  if (items.length === 0) return [];
  return FORMS.map((form) => {
    const makers = new Makers(items, scopes, form);
    const names = new Set(scopes.flatMap(({ parts }) => makers.walk(parts)));
    const places = new Map<string, Place>();
    let possible = 0;
    for (const name of names) {
      const found = makers.of(name);
      if (found.length > 0) possible += 1;
      const lines = new Map(found.map((made) => [`${placeOf(made)?.file}:${placeOf(made)?.line}`, placeOf(made)]));
      const [only] = lines.values();
      if (lines.size === 1 && only) places.set(name, only);
    }
    const strange = new Set(
      scopes.flatMap(({ parts }) => (parts.length === 0 || makers.walk(parts).length > 0 ? [] : [parts[0]])),
    );
    const all = names.size + strange.size;
    return { root, makers, places, possible: all === 0 ? 0 : possible / all };
  });
}

/** Those that made the most of the model. */
function bestOf(readings: readonly Reading[]): Reading[] {
  const likely = readings.filter(({ possible, places }) => possible >= RESEMBLES && places.size > 0);
  const most = Math.max(...likely.map(({ possible }) => possible));
  const fitting = likely.filter(({ possible }) => possible === most);
  const certain = Math.max(...fitting.map(({ places }) => places.size));
  return fitting.filter(({ places }) => places.size === certain);
}

function tieBy({ makers, places, root }: Reading, parts: readonly string[]): Tie | undefined {
  const names = makers.walk(parts);
  const module = names.join('.');
  for (const [index, name] of [...names.entries()].reverse()) {
    const place = places.get(name);
    const whole = index === names.length - 1 && !makers.of(name).some(isContainer);
    if (place) return { ...place, certainty: whole ? 'exact' : 'enclosing', module };
  }
  return names.length === parts.length || names.length > 0
    ? { ...root.place, certainty: 'enclosing', module }
    : undefined;
}
