import { basename } from 'node:path';
import type { ModelInfo, ScalarMap } from '../protocol';
import type { JudgedMetric } from '../protocol/study';
import { explanationPage } from './explanationPage';
import type { LivingExplanation } from './explanations';
import { mapOfLocations } from './maps';
import { wholeParts } from './parts';
import { renderMap } from './render';

const dataUri = (mime: string, bytes: Uint8Array): string =>
  `data:${mime};base64,${Buffer.from(bytes).toString('base64')}`;

/** What a person wants to know of a model beside its path. */
function factsOf({ task, inputs, outputs, parameters, opset, settings }: ModelInfo): [string, string][] {
  const shapes = (values: ModelInfo['inputs']): string =>
    values
      .map(({ name, dtype, shape }) => `${name}: ${dtype} ${shape.map((size) => size ?? '?').join(' × ')}`)
      .join(', ');
  return [
    ['task', task],
    ['inputs', shapes(inputs)],
    ['outputs', shapes(outputs)],
    ['parameters', parameters.toLocaleString('en')],
    ['opset', String(opset)],
    ...settings.map(({ key, value, origin }): [string, string] => [key, `${value} (${origin})`]),
  ];
}

/**
 * An explanation as a page that needs no other file: the pictures are in it.
 *
 * @param locations the map, one number a location
 * @param judged what metrics say of it
 */
export async function savedPage(
  { answer, report, photograph }: LivingExplanation,
  locations: ScalarMap,
  judged: readonly JudgedMetric[],
): Promise<string> {
  const { model, method, top, layers, maps, prepared } = answer;
  const { signed } = method.info;
  const drawn = prepared.text === undefined && prepared.row === undefined;
  const layerMaps = layers.flatMap((layer) => {
    const map = maps?.get(layer.id);
    return map ? [{ layer, map: mapOfLocations(map) }] : [];
  });
  const tiles = layerMaps.map(async ({ layer, map }) => {
    const picture = await renderMap(map, signed, { smallest: 1 });
    return { layer, map, picture: dataUri('image/png', picture) };
  });
  return explanationPage({
    report,
    method: method.info,
    model: factsOf(model.info(report.provider)),
    top,
    judged,
    layers: await Promise.all(tiles),
    ...wholeParts(answer, report),
    ...(photograph && {
      photograph: {
        name: basename(photograph.path),
        picture: dataUri(photograph.mime, photograph.encoded),
      },
    }),
    ...(drawn && { map: dataUri('image/png', await renderMap(locations, signed, { photograph })) }),
  });
}
