import { dirname, resolve } from 'node:path';
import { type Graph, typeOf, wiring } from '../graph/ir';
import { isFloating } from '../graph/tensor';
import type { LayerInfo } from '../protocol';
import type { ModelSource, SourcedValue } from '../protocol/source';
import { ParsedFiles } from '../source/parsed';
import { loadPython } from '../source/python';
import { readProject } from '../source/read';
import { tieToSource } from '../source/tie';
import { layerTitle } from './layers';
import type { Model } from './model';

/** Reads training code; the parser and what it has read are kept. */
export class Sources {
  #parsed?: Promise<ParsedFiles>;

  /**
   * Ties the values of a model to the training code.
   *
   * @param graph the model as it was exported: later steps drop what the exporter wrote
   * @param specialised the same with static shapes
   * @param root the folder or file of the training code; the one the settings name when absent
   * @param open texts that are not saved yet, by path
   * @throws PrismError FILE_NOT_FOUND, FILE_UNREADABLE
   */
  async of(
    model: Model,
    specialised: Graph,
    layers: readonly LayerInfo[],
    root: string | undefined,
    open: Readonly<Record<string, string>> = {},
  ): Promise<ModelSource> {
    this.#parsed ??= loadPython().then((parse) => new ParsedFiles(parse));
    const { graph } = model;
    const folder = resolve(dirname(model.path), root ?? model.description.settings.sourceRoot);
    const texts = new Map(Object.entries(open));
    const project = readProject(folder, await this.#parsed, texts);
    const ties = tieToSource(graph, project, model.path);
    const broken = project.files.filter(({ path, tree }) => texts.has(path) && tree.rootNode.hasError);
    const shown = new Set(layers.map(({ id }) => id));
    const { consumers } = wiring(graph);
    /** The layer of the panel that shows a value: itself, or what follows it alone. */
    const layerOf = (value: string): string | undefined => {
      for (let at = value, steps = 0; steps < 8; steps += 1) {
        if (shown.has(at)) return at;
        const readers = consumers.get(at) ?? [];
        if (readers.length !== 1) return undefined;
        [at] = readers[0].outputs;
      }
      return undefined;
    };
    const values = graph.nodes.flatMap((node): SourcedValue[] => {
      const [value] = node.outputs;
      const type = typeOf(specialised, value) ?? typeOf(graph, value);
      if (type && type.dtype !== 'undefined' && !isFloating(type.dtype)) return [];
      const source = ties.get(value);
      const layer = layerOf(value);
      const weights = node.inputs.flatMap((input) => graph.initializers.get(input) ?? []);
      return [
        {
          value,
          title: layerTitle(value),
          op: node.op,
          shape: (type?.shape ?? []).filter((dim) => typeof dim === 'number'),
          parameters: weights
            .filter(({ dtype }) => isFloating(dtype))
            .reduce((sum, { shape }) => sum + shape.reduce((product, dim) => product * dim, 1), 0),
          ...(layer !== undefined && { layer }),
          ...(source && { source }),
        },
      ];
    });
    return { root: folder, values, broken: broken.map(({ path }) => path) };
  }
}
