import { examine } from './examine';
import { defaultInputShapes, type InputShapes } from './inputShapes';
import type { Graph } from './ir';
import { prune } from './prune';
import { decide, dropNoops, fold } from './simplify';

/** Each round decides something (a branch, a type) that lets the next one find more; models need one to three. */
const MAX_ROUNDS = 16;

/**
 * The graph for fixed input shapes: shape arithmetic and everything else that does not depend on the inputs is folded,
 * and `types` has the type of every value, static unless it depends on data. Names of values and nodes stay, and what
 * the model says of them; weights are not touched. Specialising again changes nothing.
 *
 * @param shapes of some or all inputs; see {@link defaultInputShapes} for the others
 * @throws PrismError INPUT_SHAPE, UNKNOWN_INPUT, UNKNOWN_DOMAIN, MODEL_FOR_ONE_MACHINE, UNSUPPORTED_OPERATOR, MODEL_INVALID
 */
export async function specialise(graph: Graph, shapes: InputShapes = new Map()): Promise<Graph> {
  const chosen = defaultInputShapes(graph, shapes);
  const inputs = graph.inputs.map((input) => ({ ...input, shape: chosen.get(input.name) }));
  let current = prune({ ...graph, inputs, types: new Map() });
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { types, constants } = await examine(current);
    const folded = prune({ ...fold(current, constants), types });
    const decided = decide(folded);
    current = decided;
    if (decided === folded) break;
  }
  return declareOutputs(prune(dropNoops(current)));
}

/** Outputs with the types found. */
function declareOutputs(graph: Graph): Graph {
  const outputs = graph.outputs.map((output) => {
    const tensor = graph.initializers.get(output.name);
    const { dtype, shape } = tensor ?? graph.types.get(output.name) ?? output;
    return { ...output, dtype, shape };
  });
  return { ...graph, outputs };
}
