import { PrismError } from '../graph/errors';
import { ablationCam } from './ablation-cam';
import { attentionRelevance } from './attention-relevance';
import { attentionRollout } from './attention-rollout';
import { attnLrp } from './attn-lrp';
import { backtrace } from './backtrace';
import { deconvnet } from './deconvnet';
import { deepLift } from './deeplift';
import { eigenCam } from './eigen-cam';
import { featureAblation } from './feature-ablation';
import { gradCam } from './grad-cam';
import { gradCamPlusPlus } from './grad-cam-plus-plus';
import { gradient } from './gradient';
import { gradientShap } from './gradient-shap';
import { gradientXInput } from './gradient-x-input';
import { guidedBackprop } from './guided-backprop';
import { guidedGradCam } from './guided-grad-cam';
import { hiResCam } from './hires-cam';
import { integratedGradients } from './integrated-gradients';
import { kernelShap } from './kernel-shap';
import { layerCam } from './layer-cam';
import { lime } from './lime';
import { lrp } from './lrp';
import type { Method } from './method';
import { occlusion } from './occlusion';
import { rap } from './rap';
import { rise } from './rise';
import { rsp } from './rsp';
import { scoreCam } from './score-cam';
import { shapleySampling } from './shapley-sampling';
import { smoothGrad } from './smoothgrad';
import { smoothGradSquared } from './smoothgrad-sq';
import { srd } from './srd';
import { varGrad } from './vargrad';
import { xGradCam } from './xgrad-cam';

/** Every method, in the order in which a person is offered them. A new method is a file and one line here. */
export const METHODS: readonly Method[] = [
  srd,
  gradient,
  gradientXInput,
  guidedBackprop,
  deconvnet,
  smoothGrad,
  varGrad,
  smoothGradSquared,
  integratedGradients,
  gradientShap,
  deepLift,
  gradCam,
  gradCamPlusPlus,
  xGradCam,
  hiResCam,
  layerCam,
  ablationCam,
  scoreCam,
  eigenCam,
  guidedGradCam,
  lrp,
  rap,
  rsp,
  attnLrp,
  backtrace,
  attentionRollout,
  attentionRelevance,
  occlusion,
  rise,
  lime,
  kernelShap,
  shapleySampling,
  featureAblation,
];

/** The method of this identifier. Throws UNKNOWN_METHOD with the list of those there are. */
export function methodById(id: string): Method {
  const method = METHODS.find(({ info }) => info.id === id);
  if (method) return method;
  throw new PrismError(
    'UNKNOWN_METHOD',
    `there is no method ${JSON.stringify(id)}; known: ${METHODS.map(({ info }) => info.id).join(', ')}`,
  );
}
