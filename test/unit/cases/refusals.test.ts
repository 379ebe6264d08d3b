import { describe, expect, it } from 'vitest';
import { PrismError } from '../../../src/graph/errors';
import { specialise } from '../../../src/graph/specialise';
import { gradientGraph } from '../../../src/reverse/gradient';
import { type Case, caseNames, type Expectation, loadCase } from '../../support/cases';

/** What is raised when the gradient of an output by the first input is asked for. */
async function refusalOf(golden: Case, output: string): Promise<PrismError> {
  const inputs = Object.entries(golden.inputs());
  try {
    const graph = await specialise(golden.graph(), new Map(inputs.map(([name, { shape }]) => [name, shape])));
    gradientGraph(graph, { output, wrt: [inputs[0][0]], seed: 'weights' });
  } catch (error) {
    if (error instanceof PrismError) return error;
    throw error;
  }
  throw new Error(`${golden.name} has a gradient`);
}

describe('models without a gradient are refused by the name of what has none', () => {
  const trees = caseNames('F-')
    .map(loadCase)
    .filter(({ params }) => params.expect_error_gradient);

  it.each(trees.map((golden) => [golden.name, golden] as const))('%s', async (_, golden) => {
    const { params } = golden.expect.find(({ what }) => what === 'shapley.exact') as Expectation;
    const { code, message, details } = await refusalOf(golden, params.output as string);
    const [operator] = golden.params.expect_error_gradient as string[];
    expect(code).toBe('UNSUPPORTED_OPERATOR');
    expect(message).toContain(operator);
    expect(details.op).toBe(`ai.onnx.ml:${operator}`);
    expect(details.node).toBeTruthy();
  });

  it('F-qoperator_int8: integers all through, and not a gradient of zeros', async () => {
    const { code, message } = await refusalOf(loadCase('F-qoperator_int8'), 'logits');
    expect(code).toBe('UNSUPPORTED_OPERATOR');
    expect(message).toContain('com.microsoft:QGemm');
  });

  it('F-custom_op', async () => {
    const golden = loadCase('F-custom_op');
    const { node, op, domain } = golden.params.expect_error as { node: string; op: string; domain: string };
    const { message, details } = await refusalOf(golden, 'y');
    for (const name of [node, op, domain]) expect(message).toContain(name);
    expect(details).toMatchObject({ node, op, domain });
  });
});
