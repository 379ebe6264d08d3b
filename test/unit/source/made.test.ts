import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ParsedFiles } from '../../../src/source/parsed';
import { loadPython } from '../../../src/source/python';
import { readProject } from '../../../src/source/read';
import { tieToSource } from '../../../src/source/tie';
import { graphOf } from '../../support/ties';

/** Training code in many manners. Where each layer was made, Python itself has noted (test/cases/made/make.py). */
interface Made {
  readonly nodes: readonly string[];
  /** Lines that made each layer of the library, by its module. */
  readonly made: Readonly<Record<string, readonly (readonly [file: string, line: number])[]>>;
}

const cases = join(__dirname, '../../cases/made');
let parsed: ParsedFiles;
beforeAll(async () => {
  parsed = new ParsedFiles(await loadPython());
});

/** `/layer1/layer1.0/conv1/Conv` → `layer1.0.conv1`: as PyTorch names nodes. */
const moduleOf = (node: string): string =>
  node
    .split('/')
    .slice(1, -1)
    .reduce((path, part) => {
      const last = path.split('/').at(-1) ?? '';
      return last !== '' && part.startsWith(`${last}.`) ? `${path.slice(0, -last.length)}${part}` : `${path}/${part}`;
    }, '')
    .slice(1)
    .replaceAll('/', '.');

test.each(['zoo', 'named', 'inherited', 'configured', 'edited-resnet', 'unet', 'shared'])('%s', (name) => {
  const { nodes, made } = JSON.parse(readFileSync(join(cases, `${name}.json`), 'utf8')) as Made;
  const folder = join(cases, name);
  const graph = graphOf(...nodes);
  const ties = tieToSource(graph, readProject(folder, parsed), join(folder, 'model.onnx'));
  const wrong: string[] = [];
  let [all, exact] = [0, 0];
  for (const { name: node, outputs } of graph.nodes) {
    // A module that is called again is numbered.
    const lines = made[moduleOf(node)] ?? made[moduleOf(node).replace(/_\d+(?=\.|$)/g, '')];
    if (!lines) continue;
    all += 1;
    const tie = ties.get(outputs[0]);
    if (tie?.certainty !== 'exact') continue;
    exact += 1;
    const right = lines.some(([file, line]) => file === relative(folder, tie.file) && line === tie.line);
    if (!right) wrong.push(`${node}: ${relative(folder, tie.file)}:${tie.line}`);
  }
  expect(wrong).toEqual([]);
  expect(all).toBeGreaterThanOrEqual(10);
  expect(exact / all).toBeGreaterThanOrEqual(0.95);
});
