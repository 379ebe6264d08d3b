import { PrismError } from '../../graph/errors';
import { typeOf } from '../../graph/ir';
import type { ScalarMap } from '../../protocol';
import type { Network, NetworkStream } from '../../protocol/flow';
import type { Desk } from '../desk';
import { type Answer, subjectOf } from '../explain';
import { channelAxis, mapOfLocations, sumChannels } from '../maps';
import { networkOf } from './network';

/** The model of an explanation as a flow; the method runs once more for what went along the connections. */
export async function networkOfAnswer({ request }: Desk, answer: Answer): Promise<Network> {
  const { method, model, prepared, options, attribution, score, target, layers } = answer;
  const { graph, runtime } = prepared.specialised;
  request.stage('following the relevance');
  const flow = await method.flow?.(subjectOf(prepared, score, attribution.of), options, runtime);
  request.checkCancelled();
  const explained = {
    model: model.graph,
    graph,
    input: prepared.input,
    of: attribution.of,
    output: score.output,
    target: target.label,
    layers,
  };
  return networkOf(explained, flow);
}

/**
 * The relevance of one value of the explained model.
 *
 * @param stream for methods with an option of that name: which one instead of the explained one
 * @throws PrismError METHOD_WITHOUT_LAYERS, PFV_UNKNOWN_LAYER, and what the method throws
 */
export async function mapOfValue(
  { request }: Desk,
  answer: Answer,
  value: string,
  stream?: NetworkStream,
): Promise<ScalarMap> {
  const { method, prepared, attribution, score, maps } = answer;
  const isOther = stream !== undefined && 'stream' in answer.options && stream !== answer.options.stream;
  const options = isOther ? { ...answer.options, stream } : answer.options;
  const known = attribution.of === value && !isOther ? attribution.map : maps?.get(value);
  if (known) return mapOf(answer, value, known);
  if (maps) throw new PrismError('PFV_UNKNOWN_LAYER', `this explanation has no layer ${value}`, { value });
  if (!method.flow) throw new PrismError('METHOD_WITHOUT_LAYERS', `${method.info.id} explains the input only`);
  request.stage(`explaining ${value}`);
  const found = await method.explain(subjectOf(prepared, score, value), options, prepared.specialised.runtime);
  return mapOf(answer, value, found.map);
}

/** One number a location. */
function mapOf({ prepared }: Answer, value: string, map: Answer['attribution']['map']): ScalarMap {
  const shape = typeOf(prepared.specialised.graph, value)?.shape ?? [];
  if (shape.join() !== map.shape.join()) return mapOfLocations(map);
  return sumChannels(map, value === prepared.input ? prepared.channels : channelAxis(map.shape));
}
