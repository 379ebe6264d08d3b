import { PrismError } from '../graph/errors';
import { deconvnet } from './deconvnet';
import { deepLift } from './deeplift';
import { gradient } from './gradient';
import { gradientShap } from './gradient-shap';
import { gradientXInput } from './gradient-x-input';
import { guidedBackprop } from './guided-backprop';
import { integratedGradients } from './integrated-gradients';
import type { Method } from './method';
import { smoothGrad } from './smoothgrad';
import { smoothGradSquared } from './smoothgrad-sq';
import { srd } from './srd';
import { varGrad } from './vargrad';

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
