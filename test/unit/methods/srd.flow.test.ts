import { expect, it } from 'vitest';
import { sharingFlow } from '../../../src/methods/sharing-ratio/followed';
import { testRuntime } from '../../support/runtime';
import { classScore, subjectOf } from '../../support/sharing';

const options = { head: 'auto', classToken: 'directed', official: false } as const;

/** Operators that keep nothing: what they move, split by heads or windows, or mix goes on whole. */
const KEEPS_NOTHING = new Set(['Add', 'MatMul', 'Reshape', 'Slice', 'Split', 'Squeeze', 'Transpose']);

it.each(['A-vit_b_16_reduced', 'A-swin_t_reduced', 'A-shufflenet_v2_x0_5'])(
  'relevance goes through every operator of %s whole',
  async (name) => {
    const subject = await subjectOf(name);
    const score = classScore(subject.graph, subject.output, 0);
    const { moves, nodes, starts } = await sharingFlow({ ...subject, score }, options, testRuntime());
    const total = (list: readonly { readonly relevance: number }[]): number =>
      list.reduce((sum, { relevance }) => sum + relevance, 0);
    const scale = Math.abs(total(starts));
    const through = nodes.filter(({ op }) => KEEPS_NOTHING.has(op));
    expect(through.length).toBeGreaterThan(5);
    for (const { outputs } of through) {
      const came = total([...moves, ...starts].filter(({ value }) => outputs.includes(value)));
      const left = total(moves.filter(({ node }) => node === outputs[0]));
      expect(Math.abs(came - left) / scale, outputs[0]).toBeLessThan(1e-4);
    }
  },
);
