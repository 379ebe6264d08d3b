import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pictureOfSheet } from '../../../src/engine/compare';
import { rowPicture, stretchesOf, textPicture } from '../../../src/engine/partsPicture';
import { Service } from '../../../src/engine/service';
import type { Explanation, TextParts } from '../../../src/protocol';
import { BLUE, RED, Workspace } from '../../support/engine/workspace';

/** What is written of texts and rows: pictures, tables, pages. */

const sample = (file: string): string => path.resolve('media/sample', file);

let workspace: Workspace;
let engine: Service;
beforeEach(async () => {
  workspace = new Workspace();
  engine = new Service({ version: 'test' });
  await engine.initialize({ cacheDir: null, provider: 'cpu' });
});
afterEach(() => {
  engine.dispose();
  workspace.remove();
});

const explainText = (): Promise<Explanation> =>
  engine.explain({
    model: sample('reviews/reviews.onnx'),
    textFile: sample('reviews/praise-signed.txt'),
    method: 'occlusion',
  });

async function saved(explanation: Explanation, name: string): Promise<Buffer> {
  const file = workspace.path(name);
  await engine.save({ explanation: explanation.id, path: file });
  return readFileSync(file);
}

const rowsOf = (csv: Buffer): Record<string, string>[] => parse(csv, { columns: true });

/** How many pixels are of a colour, by how far red outweighs blue. */
async function coloured(picture: Uint8Array): Promise<{ warm: number; cold: number; width: number; height: number }> {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  let [warm, cold] = [0, 0];
  for (let at = 0; at < data.length; at += 3) {
    if (data[at]! - data[at + 2]! > 60) warm++;
    if (data[at + 2]! - data[at]! > 60) cold++;
  }
  return { warm, cold, width: info.width, height: info.height };
}

const TEXT = 'good, but “bad” <b>&\u0001';
const text = (good: number, bad: number): TextParts => ({
  text: TEXT,
  tokens: [
    { text: '[CLS]', id: 0, start: 0, end: 0, kind: 'special', relevance: 0.5 },
    { text: 'good', id: 1, start: 0, end: 4, relevance: good },
    { text: 'bad', id: 2, start: 11, end: 14, relevance: bad },
    { text: '\u0001', id: 3, start: 20, end: 21, relevance: good },
  ],
});

describe('a text', () => {
  it('is a table of its tokens, with their places and values', async () => {
    const explanation = await explainText();
    const rows = rowsOf(await saved(explanation, 'why.csv'));
    const written = readFileSync(sample('reviews/praise-signed.txt'), 'utf8');
    expect(rows).toHaveLength(explanation.text!.tokens.length);
    for (const [i, row] of rows.entries()) {
      expect(written.slice(Number(row.start), Number(row.end))).toBe(row.token);
      expect(Number(row.relevance)).toBeCloseTo(explanation.text!.tokens[i]!.relevance, 6);
    }
    const strongest = rows.reduce((a, b) => (Number(a.relevance) > Number(b.relevance) ? a : b));
    expect(strongest.token).toBe('phone');
  });

  it('is a picture with its words in their colours, and says what it is of', async () => {
    const png = await saved(await explainText(), 'why.png');
    const { warm, cold, width } = await coloured(png);
    expect(width).toBe(960);
    expect(warm).toBeGreaterThan(500);
    expect(cold).toBeGreaterThan(500);
    const { exif } = await sharp(png).metadata();
    expect(exif?.toString('latin1')).toContain('occlusion of');
  });

  it('is warm where it speaks for the score and cold where against it, whatever characters it has', async () => {
    const signed = { signed: true };
    const base = await coloured(await textPicture(text(0, 0), signed));
    const warm = await coloured(await textPicture(text(2, 0), signed));
    const cold = await coloured(await textPicture(text(0, -2), signed));
    expect(warm.warm - base.warm).toBeGreaterThan(500);
    expect(warm.cold - base.cold).toBeLessThan(100);
    expect(cold.cold - base.cold).toBeGreaterThan(300);
  });

  it('is cut at its tokens, nothing left out', () => {
    const stretches = stretchesOf(text(1, 2));
    expect(stretches.map((stretch) => stretch.text).join('')).toBe(TEXT);
    expect(stretches.flatMap(({ token }) => token?.text ?? [])).toEqual(['good', 'bad', '\u0001']);
  });

  it('that is long shows its beginning', async () => {
    const words = Array.from({ length: 5000 }, (_, i) => `word${i}\n`);
    let at = 0;
    const tokens = words.map((word, id) => {
      const start = at;
      at += word.length;
      return { text: word.trim(), id, start, end: at - 1, relevance: id % 2 };
    });
    const whole = { text: words.join(''), tokens };
    const { height } = await coloured(await textPicture(whole, { signed: true, most: 20 }));
    expect(height).toBeLessThan(1000);
  });

  it('is coloured on its page, without styles in elements', async () => {
    const html = (await saved(await explainText(), 'why.html')).toString();
    const [, steps] = /<span class="s(\d+)" title="[^"]*">phone<\/span>/.exec(html) ?? [];
    expect(Number(steps)).toBe(40);
    expect(html).toContain('.s40 { background: rgb(');
    expect(html).not.toMatch(/\sstyle=/);
  });
});

describe('a row', () => {
  it('is a table and a picture of its features', async () => {
    const row = `${sample('wine/wines.csv')}:1`;
    const explanation = await engine.explain({ model: sample('wine/wine.onnx'), row, method: 'lrp' });
    const rows = rowsOf(await saved(explanation, 'why.csv'));
    expect(rows[0]).toMatchObject({ feature: 'alcohol', value: '13.24' });
    const sum = rows.reduce((total, { relevance }) => total + Number(relevance), 0);
    expect(sum).toBeCloseTo(explanation.conservation!.actual, 3);
    const { warm, cold } = await coloured(await saved(explanation, 'why.png'));
    expect(warm).toBeGreaterThan(1000);
    expect(cold).toBeGreaterThan(500);
  });

  it('has bars as long as what features contribute', async () => {
    const features = [
      { name: 'a', value: '1', relevance: 2 },
      { name: 'b', value: '2', relevance: -1 },
    ];
    const of = async (change: number): Promise<{ warm: number; cold: number }> =>
      coloured(
        await rowPicture(
          { name: 'r', features: features.map((one, i) => (i === 1 ? { ...one, relevance: change } : one)) },
          { signed: true },
        ),
      );
    const [one, two] = [await of(-1), await of(-2)];
    const none = await of(0);
    expect((two.cold - none.cold) / (one.cold - none.cold)).toBeCloseTo(2, 0);
  });
});

it('a picture has no table', async () => {
  const model = workspace.colours();
  const image = await workspace.picture('p.png', RED, BLUE);
  const { id } = await engine.explain({ model, image, method: 'gradient' });
  const failing = engine.save({ explanation: id, path: workspace.path('why.csv') });
  await expect(failing).rejects.toMatchObject({ code: 'NO_PARTS' });
});

it('texts beside each other are as wide as each other, and as high as the highest', async () => {
  const cell = (signed: boolean) => ({ title: 'Method', note: '', text: text(1, -1), signed });
  const sheet = { target: 'good', caption: 'c', cells: [cell(true), cell(false), cell(true)] };
  const { width } = await sharp(await pictureOfSheet(sheet)).metadata();
  expect(width).toBe(16 + 2 * (520 + 16));
});
