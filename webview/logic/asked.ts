import type { MethodSummary, OptionInfo, OptionValues } from '../../src/protocol';
import type { PanelQuestion, PanelState } from '../../src/protocol/panel';

/** What was asked of the host and is not yet in an explanation. */
export interface Asked {
  readonly method?: string;
  readonly options?: OptionValues;
  readonly target?: number;
}

/** What is asked of the host, until there is an explanation to go by. */
const openQuestion = (state: PanelState | undefined): PanelQuestion | undefined =>
  state?.status === 'ready' ? undefined : state?.question;

/** The method asked for last, explained or not. */
export function methodAsked(state: PanelState | undefined, asked: Asked): MethodSummary | undefined {
  const id = asked.method ?? openQuestion(state)?.method ?? state?.explanation?.method.id;
  return state?.methods.find((method) => method.id === id) ?? state?.explanation?.method;
}

/** The values of that method's options: asked for, in force, or by default. */
export function optionsAsked(state: PanelState | undefined, asked: Asked): OptionValues {
  const method = methodAsked(state, asked);
  const open = openQuestion(state);
  const explanation = state?.explanation;
  const question = open?.method === method?.id ? open?.options : undefined;
  const inForce = explanation?.method.id === method?.id ? explanation?.options : undefined;
  const value = ({ key, default: byDefault }: OptionInfo): boolean | number | string =>
    asked.options?.[key] ?? question?.[key] ?? inForce?.[key] ?? byDefault;
  return Object.fromEntries((method?.options ?? []).map((option) => [option.key, value(option)]));
}
