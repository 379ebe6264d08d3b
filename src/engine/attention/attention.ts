import { Builder } from '../../graph/builder';
import { PrismError } from '../../graph/errors';
import { type Graph, typeOf } from '../../graph/ir';
import { floatArray } from '../../graph/ndarray';
import { isElementType, toFloat32 } from '../../inputs/elements';
import { type Attention, findAttentions, patchGrid } from '../../methods/attention/maps';
import { itemOf } from '../../methods/cam/gradientCam';
import type { ScalarMap } from '../../protocol';
import type {
  AttentionHead,
  AttentionKind,
  AttentionLayer,
  AttentionMatrix,
  Attentions,
} from '../../protocol/attention';
import type { Desk } from '../desk';
import { type Answer, subjectOf } from '../explain';
import { layerTitle } from '../layers';
import { Heads, reduced } from './heads';

/** No side of a matrix that is handed over is longer: 16 MB. */
const MOST_TOKENS = 2048;

/** Which matrices are asked for. */
export interface AskedAttention {
  readonly layer: string;
  readonly kind: AttentionKind;
}

const batchOf = ({ prepared: { specialised, input } }: Answer): number =>
  Number(typeOf(specialised.graph, input)?.shape?.[0] ?? 1);

/** The attentions of an explained model. Throws NO_ATTENTION. */
function attentionsIn(answer: Answer): { readonly graph: Graph; readonly found: readonly Attention[] } {
  const { graph } = answer.prepared.specialised;
  const found = findAttentions(new Builder(graph), graph, answer.prepared.input);
  if (found.length > 0) return { graph, found };
  throw new PrismError(
    'NO_ATTENTION',
    'the model has no attention that depends on the input: no Softmax whose result multiplies values',
  );
}

function layerOf(graph: Graph, value: string, batch: number): AttentionLayer {
  const shape = (typeOf(graph, value)?.shape ?? []).map(Number);
  const [queries, keys] = shape.slice(-2);
  const heads = shape.slice(0, -2).reduce((product, size) => product * size, 1) / batch;
  return { value, title: layerTitle(value), heads, queries, keys };
}

/** All attentions of an explained model, and how their tokens lie in a picture. Throws NO_ATTENTION. */
export function attentionsOfAnswer(answer: Answer): Attentions {
  const { graph, found } = attentionsIn(answer);
  const layers = found.map(({ weights }) => layerOf(graph, weights, batchOf(answer)));
  const { prepared, score, method } = answer;
  const grid = patchGrid(subjectOf(prepared, score), layers[0].keys);
  return {
    layers,
    relevance: method.attention !== undefined,
    ...(grid && { grid: { width: grid.locations[1], height: grid.locations[0], first: grid.first } }),
  };
}

/** The matrices that were asked for last, as one goes on from head to head; those of one layer may be 50 MB. */
export class AttentionHeads {
  #last = new WeakMap<Answer, { readonly asked: AskedAttention; readonly heads: Promise<Heads> }>();

  /** All heads of a layer, small. Throws PFV_UNKNOWN_LAYER, METHOD_WITHOUT_LAYERS, and what running throws. */
  async small(desk: Desk, answer: Answer, asked: AskedAttention, size: number): Promise<ScalarMap[]> {
    const heads = await this.of(desk, answer, asked);
    return Array.from({ length: heads.count }, (_, head) => reduced(heads.matrix(head, 'mean'), size).map);
  }

  /** One head, as large as it can be handed over. Throws what {@link small} throws, PFV_OUT_OF_RANGE. */
  async one(desk: Desk, answer: Answer, asked: AskedAttention, head: AttentionHead): Promise<AttentionMatrix> {
    const heads = await this.of(desk, answer, asked);
    return reduced(heads.matrix(head, asked.kind === 'weights' ? 'mean' : 'sum'), MOST_TOKENS);
  }

  /** The matrices of a layer. */
  async of(desk: Desk, answer: Answer, asked: AskedAttention): Promise<Heads> {
    const known = this.#last.get(answer);
    if (known?.asked.layer === asked.layer && known.asked.kind === asked.kind) return known.heads;
    const heads = computed(desk, answer, asked);
    const kept = new WeakMap([[answer, { asked, heads }]]);
    this.#last = kept;
    // What failed or was given up is asked for again.
    heads.catch(() => kept.delete(answer));
    return heads;
  }
}

async function computed(desk: Desk, answer: Answer, { layer, kind }: AskedAttention): Promise<Heads> {
  const { found } = attentionsIn(answer);
  if (!found.some(({ weights }) => weights === layer)) {
    throw new PrismError('PFV_UNKNOWN_LAYER', `the model has no attention ${layer}`, { value: layer });
  }
  const array = kind === 'weights' ? await weightsOf(desk, answer, layer) : await relevanceOf(desk, answer, layer);
  const batch = batchOf(answer);
  return new Heads(array, batch, batch === 1 ? 0 : itemOf(answer.score));
}

/** The weights themselves, by the model as it is. All layers are outputs of one program; one of them is taken. */
async function weightsOf({ request }: Desk, answer: Answer, layer: string) {
  const { specialised, feeds } = answer.prepared;
  const { found, graph } = attentionsIn(answer);
  request.stage('running the model');
  const outputs = found.map(({ weights: name }) => ({ ...typeOf(graph, name), name }));
  const program = await specialised.runtime.compile('attention weights', () => ({ ...graph, outputs }) as Graph);
  request.checkCancelled();
  const array = (await program.run(feeds, [layer])).get(layer);
  if (!array || !isElementType(array.dtype))
    throw new PrismError('PFV_UNKNOWN_LAYER', `the model has no attention ${layer}`, { value: layer });
  return floatArray(toFloat32(array.dtype, array.data as Float32Array), array.shape);
}

/** What of the score the method sends through the weights. */
async function relevanceOf({ request }: Desk, answer: Answer, layer: string) {
  const { method, prepared, score, options } = answer;
  if (!method.attention) {
    throw new PrismError(
      'METHOD_WITHOUT_LAYERS',
      `${method.info.id} does not follow relevance through attention weights; use backtrace, attn-lrp or attention-relevance`,
    );
  }
  request.stage(`explaining ${layerTitle(layer)}`);
  return method.attention(subjectOf(prepared, score), layer, options, prepared.specialised.runtime);
}
