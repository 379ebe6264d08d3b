import { beforeAll, expect, test } from 'vitest';
import { ParsedFiles } from '../../../src/source/parsed';
import { loadPython, type ParsePython } from '../../../src/source/python';
import { Random } from '../../support/random';

let parse: ParsePython;
beforeAll(async () => {
  parse = await loadPython();
});

/** A file of many lines: classes of layers, with text beyond ASCII in it. */
const long = Array.from(
  { length: 1000 },
  (_, i) =>
    `class Net${i}(nn.Module):  # größer → 🙂\n    def __init__(self):\n        self.a${i} = nn.Conv2d(3, ${i}, 3)\n\n`,
).join('');

/** Told of each time that a text is parsed: whole, or where it changed. */
function counting(): { parsed: ParsedFiles; counts: { whole: number; changed: number } } {
  const counts = { whole: 0, changed: 0 };
  const parsed = new ParsedFiles((text, before) => {
    counts[before ? 'changed' : 'whole'] += 1;
    return parse(text, before);
  });
  return { parsed, counts };
}

test('a file of 4 000 lines is parsed whole once, whatever is typed into it', () => {
  const { parsed, counts } = counting();
  parsed.of('/a.py', long);
  const at = long.indexOf('nn.Conv2d(3, 500, 3)');
  const typed = 'nn.Sequential(';
  for (let length = 1; length <= typed.length; length += 1) {
    const text = long.slice(0, at) + typed.slice(0, length) + long.slice(at);
    parsed.of('/a.py', text);
    parsed.of('/a.py', text);
  }
  expect(counts).toEqual({ whole: 1, changed: typed.length });
});

test('what was parsed after edits is what a fresh parse gives', () => {
  const { parsed } = counting();
  const random = new Random(5);
  const pieces = ['x', '\n', '    ', '(', ')', ':', 'ü🙂', 'self.b = nn.ReLU()\n', '"""', 'if a:\n        pass\n', ''];
  let text = long.slice(0, 4000);
  for (let step = 0; step < 40; step += 1) {
    const [start, removed] = [random.integer(0, text.length - 1), random.integer(0, 30)];
    text = text.slice(0, start) + random.pick(pieces) + text.slice(start + removed);
    const { tree } = parsed.of('/a.py', text);
    expect(tree.rootNode.toString()).toBe(parse(text).rootNode.toString());
    expect(tree.rootNode.endPosition).toEqual(parse(text).rootNode.endPosition);
  }
});
