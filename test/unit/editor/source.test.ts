import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { afterEdit, barsOf, byLine } from '../../../src/editor/source/lines';
import { pngOf } from '../../../src/editor/source/png';
import { writtenPaths } from '../../../src/editor/source/written-paths';
import type { SourcedValue } from '../../../src/protocol/source';

const value = (name: string, line?: number, certainty: 'exact' | 'enclosing' = 'exact'): SourcedValue => ({
  value: name,
  title: name,
  op: 'Conv',
  shape: [1],
  parameters: 0,
  ...(line !== undefined && { source: { file: '/a.py', line, certainty, module: '' } }),
});

test('only certain lines have lenses', () => {
  const files = byLine([value('a', 3), value('b', 3), value('c', 4, 'enclosing'), value('d')]);
  expect([...files.keys()]).toEqual(['/a.py']);
  expect([...files.get('/a.py')!].map(([line, values]) => [line, values.map((one) => one.value)])).toEqual([
    [3, ['a', 'b']],
  ]);
});

describe('lines after an edit', () => {
  const lines = byLine([value('a', 3), value('b', 5), value('c', 9)]).get('/a.py')!;
  const moved = (first: number, last: number, left: number) => [
    ...afterEdit(lines, { first, last, lines: left }).keys(),
  ];

  test('within a line nothing moves', () => expect(moved(5, 5, 1)).toEqual([3, 5, 9]));
  test('a line typed above moves what is below', () => expect(moved(4, 4, 2)).toEqual([3, 6, 10]));
  test('deleted lines are forgotten', () => expect(moved(4, 6, 1)).toEqual([3, 7]));
  test('replaced lines are forgotten', () => expect(moved(4, 6, 3)).toEqual([3, 9]));
});

test('a map becomes a picture: red for positive, blue for negative', async () => {
  const png = pngOf({ width: 2, height: 1, data: Float32Array.of(2, -1) });
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number): number[] => [...data.subarray(x * info.channels, x * info.channels + 3)];
  expect([info.width, info.height]).toEqual([160, 80]);
  expect(at(0)).toEqual([255, 0, 0]);
  expect(at(159)).toEqual([128, 128, 255]);
});

test('bars tell relevance against the most relevant line', () => {
  const bars = barsOf(
    new Map([
      [3, [0.5, -0.8]],
      [4, [0.4]],
      [5, []],
      [6, [0]],
      [7, [0.001]],
    ]),
  );
  expect([...bars]).toEqual([
    [3, -8],
    [4, 4],
    [7, 1],
  ]);
});

test('paths of pictures are found among the rest of a line', () => {
  const written = (line: string) => writtenPaths(line).map(({ written }) => written);
  expect(written('image,label\n')).toEqual([]);
  expect(written('a/b 1.png,masks/1.png,"c.jpeg"')).toEqual(['1.png', 'masks/1.png', 'c.jpeg']);
  expect(written("open('../pictures/cat.JPG').resize(1.5)")).toEqual(['../pictures/cat.JPG']);
  expect(writtenPaths('![cat](img/cat.webp)')).toEqual([{ written: 'img/cat.webp', start: 7 }]);
  expect(written('x.pngs y.py 3.14')).toEqual([]);
});
