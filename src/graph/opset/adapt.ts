import { PrismError } from '../errors';
import { type Node, TARGET_OPSET, type Tensor } from '../ir';
import { AdapterContext, type Scope } from './context';
import { EXPANSIONS } from './expand';
import { UPGRADES } from './upgrade';

/** The opsets that are brought to the target. */
const OLDEST_OPSET = 7;
const NEWEST_OPSET = 25;

/** Throws MODEL_OPSET for a version of the ONNX opset that cannot be brought to the target. */
export function checkOpset(version: number, where: string): void {
  if (version >= OLDEST_OPSET && version <= NEWEST_OPSET) return;
  const advice =
    version < OLDEST_OPSET
      ? 'convert it with onnx.version_converter or export it again'
      : `export it with opset_version=${NEWEST_OPSET} or lower`;
  throw new PrismError(
    'MODEL_OPSET',
    `${where} is of opset ${version}; supported are ${OLDEST_OPSET} to ${NEWEST_OPSET}: ${advice}`,
    { opset: version },
  );
}

/**
 * The nodes of {@link TARGET_OPSET} that do what a node of another opset does.
 *
 * @param initializers receives the constants that they need
 */
export function adaptNode(
  node: Node,
  version: number,
  scope: Scope,
  initializers: Map<string, Tensor>,
): readonly Node[] {
  if (node.domain !== '') return [node];
  const adapt =
    version > TARGET_OPSET
      ? EXPANSIONS.get(node.op)
      : UPGRADES.get(node.op)?.find(({ below }) => version < below)?.adapt;
  if (!adapt) return [node];
  const context = new AdapterContext(node, scope, initializers, version);
  adapt(node, context);
  return context.nodes;
}
