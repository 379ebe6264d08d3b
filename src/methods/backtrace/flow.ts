import type { Builder } from '../../graph/builder';
import { castTo } from '../../ops/common';

/**
 * Relevance on its way back, in the shape of the value it belongs to: one stream in default mode; in contrast mode two,
 * what speaks for the decision and what speaks for others. Contrast keeps both without sign.
 */
export type Flow = readonly string[];

/** What stands beside a denominator: above everything lost in float32, below everything that counts. */
export const TINY = 1e-18;

/** In a type wide enough for quotients. */
export const wide = (b: Builder, x: string): string => (b.dtype(x) === 'float64' ? x : castTo(b, x, 'float32'));

/** 1 / (x + {@link TINY}) for x ≥ 0. */
export const inverse = (b: Builder, x: string): string => b.op('Reciprocal', [b.add(x, b.float(TINY, b.dtype(x)))]);

export const sumOf = (b: Builder, parts: readonly string[]): string => parts.reduce((sum, part) => b.add(sum, part));
