import { readFileSync } from 'node:fs';
import type { Graph, Node } from '../../src/graph/ir';
import type { Tie } from '../../src/source/values';

/** A line for each operator's name: what a person finds who reads the code. The first that matches counts. */
export type Truth = readonly (readonly [name: RegExp, line: RegExp])[];

interface Counted {
  readonly all: number;
  readonly exact: number;
  readonly wrong: readonly string[];
}

/** The text of the line that a value is tied to. */
export function lineAt({ file, line }: Tie): string {
  return readFileSync(file, 'utf8').split('\n')[line - 1];
}

/** Compares ties with the truth; a tie to what surrounds a layer is not wrong, but does not count either. */
export function count(graph: Graph, ties: ReadonlyMap<string, Tie>, truth: Truth): Counted {
  const wrong: string[] = [];
  let [all, exact] = [0, 0];
  for (const node of graph.nodes) {
    const name = node.name || node.outputs[0];
    const expected = truth.find(([pattern]) => pattern.test(name))?.[1];
    if (!expected) continue;
    all += 1;
    const tie = ties.get(node.outputs[0]);
    if (tie?.certainty !== 'exact') continue;
    exact += 1;
    if (!expected.test(lineAt(tie))) wrong.push(`${name}: ${tie.line} ${lineAt(tie)}`);
  }
  return { all, exact, wrong };
}

/** A graph of nodes by the names that the exporter gives. */
export function graphOf(...names: readonly string[]): Graph {
  const nodes = names.map((name, index): Node => {
    const op = (name.split('/').at(-1) ?? '').replace(/_\d+$/, '');
    return {
      op,
      domain: '',
      name,
      inputs: [index === 0 ? 'x' : `v${index - 1}`],
      outputs: [`v${index}`],
      attributes: {},
    };
  });
  return {
    name: 'g',
    opsets: { '': 21 },
    inputs: [{ name: 'x', dtype: 'float32', shape: [1] }],
    outputs: [],
    initializers: new Map(),
    nodes,
    types: new Map(),
    metadata: {},
  };
}
