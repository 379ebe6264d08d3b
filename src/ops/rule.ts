import type { Builder } from '../graph/builder';
import type { DataType, Node } from '../graph/ir';

/** What a reverse rule sees: one node, what flows back into its outputs, and a builder to emit nodes with. */
export interface RuleContext<C> {
  readonly node: Node;
  readonly b: Builder;
  /** One entry per output of the node; null where nothing flows back. At least one is not null. */
  readonly cotangents: readonly (C | null)[];
  /** True if the input lies on a path to a wanted value; a rule may skip the work for all others. */
  needs(input: number): boolean;
}

/**
 * Maps what flows back into a node's outputs to what flows back into its inputs: one entry per input, null for none;
 * missing entries at the end count as null.
 */
export type Rule<C> = (context: RuleContext<C>) => readonly (C | null)[];

/** An operator of the ONNX domain by name, of another domain as `domain:name`, or any test of the node. */
export type Match = string | ((node: Node, b: Builder) => boolean);

/** Rules in order; the first match wins. */
export type Rules<C> = readonly (readonly [Match, Rule<C>])[];

/**
 * What a node computes, written in simpler operators: emits them and returns a value for each output of the node. For
 * operators that are compositions, so that no table needs a rule of its own for them.
 */
export type Expansion = (node: Node, b: Builder) => readonly string[];

/** Expansions in order; the first match wins. */
export type Expansions = readonly (readonly [Match, Expansion])[];

/**
 * A kind of reverse pass as data: which rule treats which node, how contributions to one value add up, and how a
 * contribution is made to fit its value.
 */
export interface RuleTable<C> {
  /** Names the table in error messages, e.g. `vjp`. */
  readonly name: string;
  readonly rules: Rules<C>;
  /** How to take apart what has no rule; the pieces are then treated by the rules. */
  readonly expansions?: Expansions;
  /** Whether what flows back can belong to values of a type; floating and quantised ones when left out. */
  carries?(dtype: DataType): boolean;
  /** Adds up several contributions to one value. */
  combine(contributions: readonly C[], value: string, b: Builder): C;
  /** Makes one rule's result fit the input it belongs to (sum over broadcast axes), or throws. */
  conform(contribution: C, value: string, node: Node, b: Builder): C;
}

/** A vector-Jacobian product: cotangents are values of the graph, in the shape of what they belong to. */
export type VjpRule = Rule<string>;
export type VjpRules = Rules<string>;
