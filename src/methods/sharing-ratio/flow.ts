import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { type ChannelAxes, channelAxisList, type Layouts, relevanceShape } from './locations';

/** Smallest divisor: an all-zero numerator over it is 0 instead of NaN. */
const TINY = 1e-30;

/**
 * A share asked of one branch: the relevance of the targets, and the vectors z that the branch's contribution is
 * measured against. `share` = ⟨branch, z⟩/‖z‖² where whoever asks already has it.
 */
export interface Demand {
  readonly relevance: string;
  readonly against: string;
  readonly share: string;
  /** On the way to an attention: the value that carries the demand now, and the cotangent z/‖z‖² brought down to it. */
  readonly at?: string;
  readonly toward?: string;
}

/** Relevance already handed to a value further back, past the value that carries it (pools compose with what follows). */
export interface Passed {
  readonly value: string;
  readonly relevance: string;
}

/** What flows back into a value: relevance of its own PFVs, shares asked of it, relevance that only passes by. */
export interface Flow {
  readonly own: string | null;
  readonly demands: readonly Demand[];
  readonly passed: readonly Passed[];
}

export const own = (relevance: string): Flow => ({ own: relevance, demands: [], passed: [] });

/** What the rules share while one explanation is compiled. */
export class Ledger {
  /** Relevance of the locations of each value. */
  readonly relevance = new Map<string, string>();
  /** Scalars: relevance that arrived at targets whose sources are all zero. */
  readonly lost: string[] = [];
  /** All ratios: per target they add up to 1. Value of the target → ratios, axes to sum over. */
  readonly ratios: { readonly target: string; readonly ratios: string }[] = [];
  /** Value → the input of the pass that puts relevance into it. */
  readonly injections = new Map<string, string>();
  /** Forward values that the ratios yield for free: value → its replacement. */
  readonly replacements = new Map<string, string>();

  readonly #made = new Map<Node, unknown>();

  constructor(
    readonly b: Builder,
    readonly layouts: Layouts,
    readonly producer: ReadonlyMap<string, Node>,
    /** Which values are layers: into these, relevance can be put. */
    private readonly isLayer: (value: string) => boolean = () => false,
  ) {}

  /** A ledger for trying a rule out: what it notes counts for nothing. */
  scratch(): Ledger {
    return new Ledger(this.b, this.layouts, this.producer);
  }

  /** What is made for a node, made once. */
  once<T>(node: Node, make: () => T): T {
    if (!this.#made.has(node)) this.#made.set(node, make());
    return this.#made.get(node) as T;
  }

  /** An input of the pass that puts relevance into a value; the same for every call. */
  inject(value: string): string {
    const known = this.injections.get(value);
    if (known) return known;
    const injection = this.b.input(`relevance of ${value}`, 'float32', this.relevanceShape(value));
    this.injections.set(value, injection);
    return injection;
  }

  channels(value: string): ChannelAxes {
    return this.layouts.get(value) as ChannelAxes;
  }

  onPath(value: string): boolean {
    return this.layouts.has(value);
  }

  /** Shape of a value's relevance map. */
  relevanceShape(value: string): number[] {
    return relevanceShape(this.b.shape(value), this.channels(value));
  }

  /** ⟨x, z⟩ at every location. */
  dot(x: string, z: string): string {
    return this.channelSum(this.b.mul(x, z), z);
  }

  /** Sum of x over the channels, which are those of `like`. */
  channelSum(x: string, like: string): string {
    const { b } = this;
    const axes = channelAxisList(this.channels(like));
    const channels = b.shape(x)[1];
    if (b.rank(x) !== 4 || axes.join() !== '1') return b.sum(x, axes);
    // As a convolution it is done in the blocked layout in which onnxruntime keeps the values.
    return b.op('Conv', [x, b.floats(new Float32Array(channels).fill(1), [1, channels, 1, 1])]);
  }

  /** x/max(y, tiny): for y ≥ 0, and 0 where both are 0. */
  safeDivide(x: string, y: string): string {
    const { b } = this;
    return b.div(x, b.op('Max', [y, b.float(TINY)]));
  }

  /** ⟨x, z⟩/‖z‖² at every location. */
  shareOf(x: string, z: string): string {
    return this.safeDivide(this.dot(x, z), this.dot(z, z));
  }

  /** Settles all that flows into a value as one relevance a location, and notes it. */
  resolve(value: string, flow: Flow): string | null {
    const { b } = this;
    const parts = flow.demands.map(({ relevance, share }) => b.mul(relevance, share));
    if (flow.own) parts.push(flow.own);
    if (parts.length === 0) return null;
    if (this.isLayer(value) && !this.injections.has(value)) parts.push(this.inject(value));
    const total = parts.reduce((sum, part) => b.add(sum, part));
    this.relevance.set(value, total);
    return total;
  }

  /** Notes relevance that arrives where `mask` is 1 and goes no further. */
  lose(relevance: string, mask: string): void {
    const { b } = this;
    const axes = b.shape(relevance).map((_, axis) => axis);
    this.lost.push(b.reshape(b.sum(b.mul(relevance, mask), axes), [1]));
  }

  /** 1 where any channel is not 0. */
  nonZero(value: string): string {
    const { b } = this;
    const positive = this.producer.get(value)?.op === 'Relu' ? value : b.mul(value, value);
    return b.cast(b.op('Greater', [this.channelSum(positive, value), b.float(0)]), 'float32');
  }
}

/** 1 − x. */
export const complement = (b: Builder, x: string): string => b.sub(b.float(1), x);
