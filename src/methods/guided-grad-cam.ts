import { Builder } from '../graph/builder';
import { prune } from '../graph/prune';
import { reverse } from '../reverse/driver';
import { camGraph, gradientCam, isUpsampled, itemOf, layerOf, runCam } from './cam/gradientCam';
import { camOptions } from './cam/options';
import { shownMap } from './cam/spatial';
import { gradCamRule } from './grad-cam';
import type { Method } from './method';
import { guidedTable, requireRectifiers } from './rectifiers';

const id = 'guided-grad-cam';

/** Guided backpropagation ⊙ Grad-CAM over the input's locations (Selvaraju et al. 2017), in one graph. */
export const guidedGradCam: Method = {
  info: {
    id,
    title: 'Guided Grad-CAM',
    summary: 'Guided backpropagation where Grad-CAM sees the class: fine detail that tells classes apart.',
    paper: {
      title: 'Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization',
      url: 'https://arxiv.org/abs/1610.02391',
    },
    family: 'cam',
    signed: true,
    needs: 'reverse',
    layers: false,
    options: camOptions.map((option) =>
      option.key === 'upsample'
        ? { ...option, help: `${option.help} Guided Grad-CAM needs it on: off shows the Grad-CAM map alone.` }
        : option,
    ),
  },

  async explain(subject, options, runtime) {
    const { graph, score, input } = subject;
    requireRectifiers(graph, score.output, id);
    if (!isUpsampled(subject, options)) return gradientCam(id, gradCamRule, subject, options, runtime);
    const layer = layerOf(subject, options, runtime);
    const item = itemOf(score);
    return runCam(
      subject,
      input,
      `${id}/${score.output}/${layer.value}/${item}/guided`,
      () => {
        const made = camGraph(graph, score.output, layer, item, gradCamRule);
        const b = new Builder(made.graph);
        const seeds = new Map([[score.output, made.seed]]);
        const guided = reverse(b, made.graph.nodes, guidedTable, seeds, [input]).get(input) ?? b.zerosLike(input);
        const where = b.reshape(shownMap(b, made.raw, layer), layer.inputMap);
        const map = b.alias(b.mul(guided, where), `${id}(${input})`);
        b.setOutputs([made.score, score.output, map]);
        return { ...made, map, graph: prune(b.graph()) };
      },
      runtime,
    );
  },
};
