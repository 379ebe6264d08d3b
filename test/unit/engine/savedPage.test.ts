import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/engine/engine';
import type { JudgedMetric } from '../../../src/protocol/study';
import { BLUE, RED, Workspace } from '../../support/engine/workspace';

let workspace: Workspace;
let engine: Engine;
beforeEach(async () => {
  workspace = new Workspace();
  engine = new Engine({ version: 'test' });
  await engine.initialize({ cacheDir: workspace.path('cache'), provider: 'cpu' });
});
afterEach(() => {
  engine.dispose();
  workspace.remove();
});

/** What a page says, as a browser reads it: tags gone, references resolved. */
const wordsOf = (html: string): string =>
  html
    .replace(/<style>[\s\S]*<\/style>/, '')
    .replace(/<[^>]*>/g, '\n')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/\n+/g, '\n');

const hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)> & \'`';

const page = async (judged?: readonly JudgedMetric[]): Promise<string> => {
  const model = workspace.colours();
  const image = await workspace.picture('a&b "c".png', RED, BLUE);
  const { id } = await engine.explain({ model, image, method: 'srd', target: 2 });
  const path = workspace.path('why.html');
  await engine.save({ explanation: id, path, ...(judged && { judged }) });
  return readFileSync(path, 'utf8');
};

describe('an explanation as a page', () => {
  it('tells target, classes, numbers, options, layers, model and metrics', async () => {
    const metric = { id: 'gini', title: 'Sparseness', summary: '', better: 'higher', needs: [], value: 0.625 } as const;
    const words = wordsOf(await page([metric]));
    for (const word of [
      'Why a&b "c".png: blue',
      'red',
      'green',
      'Sparseness ↑',
      '0.625',
      'colours.onnx',
      'opset',
      'cpu',
    ]) {
      expect(words).toContain(word);
    }
    for (const heading of ['Classes', 'Numbers', 'Metrics', 'Method', 'Layers', 'Model'])
      expect(words).toContain(heading);
    expect(words).toContain('Sharing Ratio Decomposition');
    expect(words).toContain('residual');
  });

  it('carries its pictures, and asks nothing of anybody', async () => {
    const html = await page();
    const sources = [...html.matchAll(/<img src="([^"]*)"/g)].map(([, source]) => source);
    expect(sources.length).toBeGreaterThan(2);
    for (const source of sources) expect(source).toMatch(/^data:image\/(png|jpeg);base64,[A-Za-z0-9+/]+=*$/);
    expect(html).not.toMatch(/<(script|link|iframe|object|embed|base|form)\b|\sstyle=|\son\w+=|url\(/i);
  });

  it('allows a browser nothing but its own style and pictures', async () => {
    const html = await page();
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
    const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(html) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      'img-src data:',
      `style-src 'sha256-${hash}'`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  it('takes hostile names of classes and metrics for text', async () => {
    const model = workspace.colours();
    writeFileSync(workspace.path('labels.txt'), ['red', 'green', hostile].join('\n'));
    const image = await workspace.picture('p.png', RED, BLUE);
    const { id, target } = await engine.explain({ model, image, method: 'gradient', target: 2 });
    expect(target.label).toBe(hostile);
    const path = workspace.path('why.html');
    const metric = { id: 'x', title: hostile, summary: '', better: 'lower', needs: [], value: null } as const;
    await engine.save({ explanation: id, path, judged: [{ ...metric, reason: hostile }] });
    const html = readFileSync(path, 'utf8');
    expect(html).not.toMatch(/<script|<img src=x|alert\(2\)>/);
    expect(wordsOf(html).split(hostile).length).toBeGreaterThan(4);
  });
});
