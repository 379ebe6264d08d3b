import { describe, expect, test } from 'vitest';
import type { InputShapes } from '../../../src/graph/inputShapes';
import type { Graph } from '../../../src/graph/ir';
import { specialise } from '../../../src/graph/specialise';
import { toFloat32 } from '../../../src/inputs/elements';
import { type Case, caseNames, loadCase, relativeError } from '../../support/cases';
import { run } from '../../support/run';

const shapesOf = (golden: Case): InputShapes =>
  new Map(Object.entries(golden.inputs()).map(([name, { shape }]) => [name, shape]));

/** Values without a static type. */
const open = (graph: Graph): string[] =>
  graph.nodes
    .flatMap((node) => node.outputs)
    .filter((value) => value !== '' && !graph.types.get(value)?.shape?.every((dim) => typeof dim === 'number'));

/** What of a graph an equal graph must have equal. */
const outline = ({ inputs, outputs, nodes, types, initializers }: Graph): unknown => ({
  inputs,
  outputs,
  nodes,
  types: Object.fromEntries(types),
  initializers: [...initializers.keys()],
});

describe('a specialised model has static types, the same forward result, and nothing left to specialise', () => {
  for (const name of caseNames()) {
    const golden = loadCase(name);
    const forward = golden.expect.filter(({ what }) => what === 'forward');
    if (forward.length === 0) continue;
    test(name, async () => {
      const graph = golden.graph();
      const special = await specialise(graph, shapesOf(golden));
      expect(open(special)).toEqual([]);
      expect(special.nodes.map(({ op }) => op)).not.toContain('Shape');
      expect(special.nodes.map(({ op }) => op)).not.toContain('CastLike');
      const again = await specialise(special);
      expect(outline(again)).toEqual(outline(special));

      const results = await run(
        special,
        golden.inputs(),
        forward.map(({ of }) => of),
      );
      for (const { of, array } of forward) {
        const wanted = array();
        const result = results[of];
        expect(result.shape, of).toEqual(wanted.shape);
        const error = relativeError(toFloat32(result.dtype, result.data), toFloat32(wanted.dtype, wanted.data));
        expect(error, of).toBeLessThan(result.dtype === 'float16' ? 1e-3 : 1e-4);
      }
    });
  }
});
