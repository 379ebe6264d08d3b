import { describe, expect, test } from 'vitest';
import { keptQuestion } from '../../../src/editor/kept-question';
import { modelBeside } from '../../../src/editor/model-beside';

describe('the model that a picture lies with', () => {
  const roots = ['/ws', '/other'];
  const models = ['/ws/a/cats.onnx', '/ws/b/dogs.onnx', '/ws/b/old/dogs.onnx', '/ws/two/x.onnx', '/ws/two/y.onnx'];

  test.each([
    ['/ws/a/samples/deep/1.png', '/ws/a/cats.onnx'],
    ['/ws/b/1.png', '/ws/b/dogs.onnx'],
    ['/ws/b/old/1.png', '/ws/b/old/dogs.onnx'],
    // Two models side by side are a choice, and one further up does not settle it.
    ['/ws/two/1.png', undefined],
    ['/ws/two/sub/1.png', undefined],
    ['/ws/data/1.png', undefined],
    ['/elsewhere/1.png', undefined],
  ])('%s', (image, model) => expect(modelBeside(image, models, roots)).toBe(model));

  test('a model in the workspace folder belongs to no picture in particular', () => {
    expect(modelBeside('/ws/data/1.png', ['/ws/top.onnx', '/ws/b/dogs.onnx'], roots)).toBeUndefined();
    expect(modelBeside('/ws/1.png', ['/ws/top.onnx', '/ws/b/dogs.onnx'], roots)).toBeUndefined();
  });
});

describe('the question that a webview kept', () => {
  const question = {
    model: '/ws/m.onnx',
    image: '/ws/1.png',
    method: 'srd',
    target: 3,
    options: { contrastive: true },
  };

  test('comes back whole, whatever stands beside it', () => {
    expect(keptQuestion({ opacity: 0.7, question })).toEqual(question);
  });

  test.each([
    undefined,
    null,
    'text',
    {},
    { question: null },
    { question: 'text' },
    { question: { ...question, image: 7 } },
    { question: { model: '/ws/m.onnx', method: 'srd' } },
  ])('nothing that makes no sense: %j', (state) => expect(keptQuestion(state)).toBeUndefined());
});
