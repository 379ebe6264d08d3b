import type { MethodSummary, OptionInfo } from '../../src/protocol';
import type { Translate } from './l10n';

/** The option that a switch beside the method stands for: the one that changes most of what is seen. */
export const prominentOption = (method: MethodSummary | undefined): OptionInfo | undefined =>
  method?.options.find(({ key, type }) => key === 'contrastive' && type === 'boolean');

/** The number that was typed, or what is wrong with it. */
export function checkNumber(option: OptionInfo, text: string, t: Translate): number | string {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) return t('A number is needed.');
  if (option.type === 'integer' && !Number.isInteger(value)) return t('A whole number is needed.');
  if (option.min !== undefined && value < option.min) return t('At least {0}.', option.min);
  if (option.max !== undefined && value > option.max) return t('At most {0}.', option.max);
  return value;
}
