import { describe, expect, it } from 'vitest';
import { completeOptions } from '../../../src/engine/options';
import type { MethodInfo, OptionSpec } from '../../../src/methods/method';

const option = (key: string, more: Partial<OptionSpec>): OptionSpec => ({
  key,
  title: key,
  help: '',
  type: 'boolean',
  default: false,
  ...more,
});

const info: MethodInfo = {
  id: 'm',
  title: 'M',
  summary: '',
  family: 'gradient',
  signed: true,
  needs: 'reverse',
  layers: false,
  options: [
    option('flag', {}),
    option('samples', { type: 'integer', default: 50, min: 1 }),
    option('sigma', { type: 'number', default: 0.1, min: 0, max: 1 }),
    option('head', { type: 'choice', default: 'gap', choices: ['gap', 'srd'] }),
    option('noise', { type: 'file', default: '' }),
  ],
};

describe('completeOptions', () => {
  it('fills in the defaults', () => {
    expect(completeOptions(info)).toEqual({ flag: false, samples: 50, sigma: 0.1, head: 'gap', noise: '' });
  });

  it('reads text as it is typed', () => {
    const given = { flag: 'yes', samples: '7', sigma: '1e-2', head: 'srd', noise: 'a.npy' };
    expect(completeOptions(info, given)).toEqual({ flag: true, samples: 7, sigma: 0.01, head: 'srd', noise: 'a.npy' });
    expect(completeOptions(info, { flag: '0' }).flag).toBe(false);
  });

  it('names the options that there are', () => {
    expect(() => completeOptions(info, { sample: 1 })).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_OPTION',
        message: 'm has no option "sample"; did you mean samples? it has flag, samples, sigma, head, noise',
      }),
    );
    expect(() => completeOptions({ ...info, options: [] }, { a: 1 })).toThrow('it has none');
  });

  it('takes the words that may stand beside a number', () => {
    const samples = { ...info.options[1], choices: ['all'] };
    const words = { ...info, options: [samples] };
    expect(completeOptions(words, { samples: 'all' })).toEqual({ samples: 'all' });
    expect(completeOptions(words, { samples: '3' })).toEqual({ samples: 3 });
    expect(() => completeOptions(words, { samples: 'some' })).toThrow('must be all or a whole number of at least 1');
  });

  it.each([
    ['flag', 'maybe', 'true or false'],
    ['samples', '0', 'a whole number of at least 1'],
    ['samples', '2.5', 'a whole number of at least 1'],
    ['samples', true, 'a whole number of at least 1'],
    ['sigma', '2', 'a number from 0 to 1'],
    ['sigma', '', 'a number from 0 to 1'],
    ['sigma', 'NaN', 'a number from 0 to 1'],
    ['head', 'tail', 'one of gap, srd'],
    ['noise', 3, 'the name of a file'],
  ])('refuses %s=%s', (key, value, expected) => {
    expect(() => completeOptions(info, { [key]: value })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining(`must be ${expected}`) }),
    );
  });
});
