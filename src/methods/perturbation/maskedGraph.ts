import { int } from '../../graph/attributes';
import { Builder } from '../../graph/builder';
import type { DataType, Graph, Node } from '../../graph/ir';
import { codeOf } from '../../graph/onnx/dtypes';
import { extract } from '../../graph/prune';
import { isFloating } from '../../graph/tensor';

/** A model that hides parts of one of its values by itself. */
export interface MaskedGraph {
  readonly graph: Graph;
  /** Input, float32, of the value's rank with 1 along the channels: 1 shows a location, 0 hides it. */
  readonly mask: string;
  /** Input of the value's own type and of one item: what is shown. */
  readonly shown: string;
  /** Input, float32, of one item: what is in the place of what is hidden. */
  readonly hidden: string;
  /** The output, float32. */
  readonly output: string;
}

/** Types whose elements are numbers on a scale; in between lies something. Indices have nothing in between. */
const isScale = (dtype: DataType): boolean => isFloating(dtype) || dtype === 'uint8' || dtype === 'int8';

const castTo = (b: Builder, x: string, dtype: DataType): string =>
  b.dtype(x) === dtype ? x : b.op('Cast', [x], { to: int(codeOf(dtype)) });

/**
 * Between the two inputs, where the mask says: a mask of 0 and 1 takes over the elements as they are. Others blend on a
 * scale, and choose the nearer one among indices.
 */
function blended(b: Builder, mask: string, shown: string, hidden: string): string {
  const dtype = b.dtype(shown);
  if (!isScale(dtype)) {
    return b.op('Where', [b.op('Less', [mask, b.float(0.5)]), castTo(b, hidden, dtype), shown]);
  }
  const precise = dtype === 'float64' ? dtype : 'float32';
  const share = castTo(b, mask, precise);
  const rest = b.mul(b.sub(b.float(1, precise), share), castTo(b, hidden, precise));
  const between = b.add(b.mul(share, castTo(b, shown, precise)), rest);
  return castTo(b, isFloating(dtype) ? between : b.op('Round', [between]), dtype);
}

/**
 * The part of a model from one value to an output, with a mask over that value.
 *
 * @param model specialised, perhaps for several inputs at once
 * @param of the value that is masked: an input or an inner value
 * @param item shape of the value for one input
 * @param grid shape of a mask for one input
 */
export function maskedGraph(
  model: Graph,
  of: string,
  output: string,
  item: readonly number[],
  grid: readonly number[],
): MaskedGraph {
  const tail = extract(model, [of], [output]);
  const b = new Builder(tail);
  const [batch] = b.shape(of);
  const mask = b.input('mask', 'float32', item[0] === batch ? grid : [batch, ...grid.slice(1)]);
  const shown = b.input('shown', b.dtype(of), item);
  const hidden = b.input('hidden', 'float32', item);
  const value = blended(b, mask, shown, hidden);
  const before = b.nodes.slice(tail.nodes.length);
  const number = castTo(b, output, 'float32');
  const after = b.nodes.slice(tail.nodes.length + before.length);
  b.setOutputs([number]);
  const graph = b.graph();
  const entry: Node = { op: 'Identity', domain: '', name: of, inputs: [value], outputs: [of], attributes: {} };
  return {
    graph: {
      ...graph,
      inputs: graph.inputs.filter(({ name }) => name !== of),
      nodes: [...before, entry, ...tail.nodes, ...after],
    },
    mask,
    shown,
    hidden,
    output: number,
  };
}
