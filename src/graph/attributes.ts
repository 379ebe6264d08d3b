import type { Attribute, Attributes, AttributeType, AttributeValues, Graph, Node, Tensor } from './ir';

export const int = (value: number): Attribute => ({ type: 'int', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const string = (value: string): Attribute => ({ type: 'string', value });
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });
export const floats = (value: readonly number[]): Attribute => ({ type: 'floats', value });
export const strings = (value: readonly string[]): Attribute => ({ type: 'strings', value });
export const subgraph = (value: Graph): Attribute => ({ type: 'graph', value });

function read<T extends AttributeType>(node: Node, name: string, type: T): AttributeValues[T] | undefined {
  const attribute: Attribute | undefined = node.attributes[name];
  return attribute?.type === type ? (attribute.value as AttributeValues[T]) : undefined;
}

/** Readers of a node's attributes: the value if it is there with that type, else undefined (or the fallback given). */
export const getInt = (node: Node, name: string, fallback: number): number => read(node, name, 'int') ?? fallback;
export const getFloat = (node: Node, name: string, fallback: number): number => read(node, name, 'float') ?? fallback;
export const getString = (node: Node, name: string, fallback: string): string => read(node, name, 'string') ?? fallback;
export const getInts = (node: Node, name: string): readonly number[] | undefined => read(node, name, 'ints');
export const getFloats = (node: Node, name: string): readonly number[] | undefined => read(node, name, 'floats');
export const getStrings = (node: Node, name: string): readonly string[] | undefined => read(node, name, 'strings');
export const getTensor = (node: Node, name: string): Tensor | undefined => read(node, name, 'tensor');
export const getGraph = (node: Node, name: string): Graph | undefined => read(node, name, 'graph');

/** The attributes without some of them. */
export function omit(attributes: Attributes, ...names: string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}
