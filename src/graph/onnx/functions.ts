import { create } from '@bufbuild/protobuf';
import { PrismError } from '../errors';
import type { Node, Tensor } from '../ir';
import { type Rename, renameValues } from '../rename';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
} from './onnx.gen';
import type { Body } from './readGraph';

export const functionKey = (domain: string, name: string, overload: string): string =>
  JSON.stringify([domain === 'ai.onnx' ? '' : domain, name, overload]);

/** The body of a function with its attribute references replaced by the attributes of one call. */
export function instantiate(definition: FunctionProto, call: NodeProto): NodeProto[] {
  const given = new Map<string, AttributeProto>();
  for (const attribute of definition.attributeProto) given.set(attribute.name, attribute);
  for (const attribute of call.attribute) given.set(attribute.name, attribute);
  return definition.node.map((node) => substitute(node, given));
}

function substitute(node: NodeProto, given: ReadonlyMap<string, AttributeProto>): NodeProto {
  const attribute = node.attribute.flatMap((attribute) => {
    if (attribute.refAttrName !== '') {
      const value = given.get(attribute.refAttrName);
      // A reference to an attribute that the call leaves out means that this node leaves it out too.
      return value ? [Object.assign(create(AttributeProtoSchema), value, { name: attribute.name })] : [];
    }
    if (!attribute.g && attribute.graphs.length === 0) return [attribute];
    const within = (graph: GraphProto): GraphProto =>
      Object.assign(create(GraphProtoSchema), graph, { node: graph.node.map((inner) => substitute(inner, given)) });
    return [
      Object.assign(create(AttributeProtoSchema), attribute, {
        g: attribute.g && within(attribute.g),
        graphs: attribute.graphs.map(within),
      }),
    ];
  });
  return Object.assign(create(NodeProtoSchema), node, { attribute });
}

/**
 * The nodes of a function's body in the place of a call.
 *
 * @param prefix unique to the call: inner values and nodes are named under it
 */
export function inline(definition: FunctionProto, call: NodeProto, body: Body, prefix: string): Body {
  const names = new Map<string, string>();
  definition.input.forEach((formal, index) => {
    names.set(formal, call.input[index] ?? '');
  });
  const made = new Set(body.initializers.keys());
  for (const node of body.nodes) for (const output of node.outputs) made.add(output);
  const passed: Node[] = [];
  definition.output.forEach((formal, index) => {
    const actual = call.output[index] ?? '';
    if (actual === '') return;
    if (made.has(formal) && !names.has(formal)) names.set(formal, actual);
    else {
      const source = names.get(formal);
      if (source === undefined) {
        throw new PrismError(
          'MODEL_INVALID',
          `the function ${definition.name} has the output ${JSON.stringify(formal)}, which nothing in it makes`,
        );
      }
      passed.push({
        op: 'Identity',
        domain: '',
        name: `${prefix}/${formal}`,
        inputs: [source],
        outputs: [actual],
        attributes: {},
      });
    }
  });
  const rename: Rename = (value) => names.get(value) ?? `${prefix}/${value}`;
  const metadata = Object.fromEntries(call.metadataProps.map(({ key, value }) => [key, value]));
  const nodes = body.nodes.map((node) => {
    const renamed = renameValues(node, rename);
    const merged = { ...metadata, ...node.metadata };
    return {
      ...renamed,
      name: `${prefix}/${node.name || node.outputs[0]}`,
      ...(Object.keys(merged).length > 0 && { metadata: merged }),
    };
  });
  const initializers = new Map<string, Tensor>();
  for (const [name, tensor] of body.initializers) initializers.set(rename(name), tensor);
  return { nodes: [...nodes, ...passed], initializers };
}
