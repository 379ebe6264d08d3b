import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeLabels, labelsFromMetadata, parseLabels, resolveTarget } from '../../../src/inputs/labels';
import { codeOf } from './support';

const imagenet = parseLabels(
  readFileSync(path.resolve(__dirname, '../../cases/inputs/imagenet-labels.txt'), 'utf8'),
  'labels.txt',
);

describe('labels files', () => {
  it.each([
    ['one a line', 'cat\ndog\n', ['cat', 'dog']],
    ['Windows line ends and a byte order mark', '\uFEFFcat\r\ndog\r\n', ['cat', 'dog']],
    ['a blank line keeps its index', 'cat\n\nbird\n\n', ['cat', '', 'bird']],
    ['numbered', '0: cat\n1: dog', ['cat', 'dog']],
    ['numbered from 1, by tabs', '1\tcat\n2\tdog', ['cat', 'dog']],
    ['numbered and quoted', "0, 'cat'\n1, 'dog'", ['cat', 'dog']],
    ['numbered by spaces', '0 cat\n1 polar bear', ['cat', 'polar bear']],
    ['names that begin with numbers', '1 euro\n2 euro', ['1 euro', '2 euro']],
    ['digits', '0\n1\n2', ['0', '1', '2']],
    ['synsets', 'n01440764 tench, Tinca tinca\nn01443537 goldfish', ['tench, Tinca tinca', 'goldfish']],
    ['a bracket first', '[background]\ncat', ['[background]', 'cat']],
    ['nothing', '', []],
  ])('text: %s', (_, text, labels) => {
    expect(parseLabels(text, 'labels.txt')).toEqual(labels);
  });

  it.each([
    ['a list', '["cat", "dog"]', ['cat', 'dog']],
    ['index to name', '{"1": "dog", "0": "cat"}', ['cat', 'dog']],
    ['name to index', '{"dog": 1, "cat": 0}', ['cat', 'dog']],
    ['ImageNet’s class index', '{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}', ['tench', 'goldfish']],
    ['a config.json', '{"model_type": "vit", "id2label": {"0": "cat", "1": "dog"}}', ['cat', 'dog']],
    ['with holes', '{"0": "cat", "3": "dog"}', ['cat', '', '', 'dog']],
  ])('JSON: %s', (_, text, labels) => {
    expect(parseLabels(text, 'labels.json')).toEqual(labels);
  });

  it.each([
    ['not JSON', '["cat", '],
    ['a number', '3'],
    ['no names', '{"0": {"a": 1}}'],
    ['nested lists', '[["cat"]]'],
    ['an index beyond reason', '{"0": "cat", "4000000000": "dog"}'],
    ['empty', '{}'],
  ])('JSON that is %s is refused', (_, text) => {
    expect(codeOf(() => parseLabels(text, 'classes.json'))).toBe('LABELS_INVALID');
  });

  it('of a thousand classes', () => {
    expect(imagenet).toHaveLength(1000);
    expect(imagenet[282]).toBe('tiger cat');
  });
});

describe('labels in metadata', () => {
  it.each([
    ["{0: 'person', 1: 'bicycle', 2: \"driver's seat\"}", ['person', 'bicycle', "driver's seat"]],
    ["['cat', 'dog']", ['cat', 'dog']],
    ['{"0": "cat", "1": "dog"}', ['cat', 'dog']],
    ['["cat", "dog"]', ['cat', 'dog']],
    ['cat, dog', ['cat', 'dog']],
    ['cat\ndog', ['cat', 'dog']],
    ['something else', undefined],
    ['', undefined],
  ])('%s', (text, labels) => {
    expect(labelsFromMetadata(text)).toEqual(labels);
  });
});

it('missing and empty labels are the index', () => {
  expect(completeLabels(['cat', ''], 4)).toEqual(['cat', '1', '2', '3']);
  expect(completeLabels(undefined, 2)).toEqual(['0', '1']);
  expect(completeLabels(['a', 'b', 'c'], 2)).toEqual(['a', 'b']);
});

describe('targets', () => {
  const labels = ['cat', 'Dog', 'polar bear', 'polar fox', 'tench, Tinca tinca', 'cat flap'];

  it.each([
    [1, 1],
    ['1', 1],
    [' 0 ', 0],
    ['dog', 1],
    ['DOG', 1],
    ['cat', 0],
    ['cat f', 5],
    ['polar b', 2],
    ['Polar_Fox', 3],
    ['tinca tinca', 4],
    ['ten', 4],
  ])('%j is class %d', (target, index) => {
    expect(resolveTarget(target, labels)).toEqual({ index, label: labels[index] });
  });

  it.each([
    ['6', 'TARGET_OUT_OF_RANGE'],
    ['-1', 'TARGET_OUT_OF_RANGE'],
    ['polar', 'TARGET_AMBIGUOUS'],
    ['horse', 'TARGET_UNKNOWN'],
    ['', 'TARGET_UNKNOWN'],
    ['1.5', 'TARGET_UNKNOWN'],
  ])('%j is %s', (target, code) => {
    expect(codeOf(() => resolveTarget(target, labels))).toBe(code);
  });

  it.each([
    ['crane', ['crane', 'heron', 'Crane'], [0, 2]],
    ['polar', labels, [2, 3]],
  ])('an ambiguous one (%s) tells its candidates', (target, names, indices) => {
    const candidates = indices.map((index) => ({ index, label: names[index] }));
    expect(() => resolveTarget(target, names)).toThrowError(
      expect.objectContaining({ code: 'TARGET_AMBIGUOUS', details: { candidates } }),
    );
    const listed = candidates.map(({ index, label }) => `${index} ${label}`).join(', ');
    expect(() => resolveTarget(target, names)).toThrow(listed);
  });

  it('a mistyped one gets a suggestion, an index beyond the end the range', () => {
    expect(() => resolveTarget('tigr cat', imagenet)).toThrow(/did you mean 'tiger cat'/);
    expect(() => resolveTarget('shepherd', imagenet)).toThrow(/did you mean '.*shepherd/i);
    expect(() => resolveTarget(1000, imagenet)).toThrow(/the model has 1000 classes, 0 to 999/);
  });

  it('every index and every label that is the only one of its name finds its class', () => {
    const folded = imagenet.map((label) => label.toLowerCase());
    fc.assert(
      fc.property(fc.nat(999), fc.boolean(), (index, upper) => {
        expect(resolveTarget(String(index), imagenet).index).toBe(index);
        if (folded.filter((label) => label === folded[index]).length > 1) return;
        const label = imagenet[index];
        expect(resolveTarget(upper ? label.toUpperCase() : label, imagenet).index).toBe(index);
      }),
    );
  });
});
