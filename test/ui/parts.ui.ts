import { describe, expect, test } from 'vitest';
import type { Explanation, FeaturePart, TokenPart } from '../../src/protocol';
import { barriers } from '../support/accessibility';
import { type PanelPage, useDemo } from '../support/panel-demo/panel-page';
import type { ThemeName } from '../support/panel-demo/themes';

/** Texts and rows of tables in the panel, in a browser with a fake host. */

const openPage = useDemo();
let panel: PanelPage;

const TEXT = 'The room was spotless.\nNobody answered, though. ';
const RELEVANCE = [0, 0.1, 0, 2, -0.1, -1.2, -0.4, 0, 0.2, 0];

function tokensOf(text: string): TokenPart[] {
  return [...text.matchAll(/\w+|[^\w\s]/g)].map(({ 0: word, index }, id) => ({
    text: word,
    id,
    start: index,
    end: index + word.length,
    relevance: RELEVANCE[id % RELEVANCE.length] ?? 0,
  }));
}

const FEATURES: readonly FeaturePart[] = [
  { name: 'alcohol', value: '13.2', relevance: 3 },
  { name: 'hue', value: '1.06', relevance: -1 },
  { name: 'colour', value: 'red', relevance: 0.5 },
];

/** Shows a part of an explanation that has no picture. */
async function show(
  part: Pick<Explanation, 'text'> | Pick<Explanation, 'row' | 'conservation'>,
  theme: ThemeName = 'dark',
) {
  panel = await openPage({ theme });
  await panel.page.waitForFunction(() => demo.state.explanation !== undefined);
  await panel.page.evaluate(async (change) => {
    const { photograph: _, conservation: __, ...rest } = demo.state.explanation!;
    const method = { ...rest.method, id: 'integrated-gradients', title: 'Integrated Gradients', signed: true };
    const target = { ...rest.target, score: 4 };
    await demo.update({ explanation: { ...rest, id: 'parts', layers: [], method, target, ...change } });
  }, part);
}

const accessible = async (): Promise<void> => {
  expect(await barriers(panel.page)).toEqual([]);
};

describe('a text', () => {
  test('stands there whole, can be copied, and has the value of every token', async () => {
    await show({ text: { text: TEXT, tokens: tokensOf(TEXT) } });
    const text = panel.page.getByRole('article');
    await text.waitFor();
    expect(await text.evaluate((element) => element.textContent)).toBe(TEXT);
    const spotless = panel.page.locator('prism-text .token', { hasText: 'spotless' });
    expect(await spotless.getAttribute('aria-description')).toContain('relevance 2.00, 50 % of all');
    const [red, , blue] = await spotless.evaluate((element) =>
      (getComputedStyle(element).backgroundColor.match(/\d+/g) ?? []).map(Number),
    );
    expect(red).toBeGreaterThan(blue!);
    await accessible();
  });

  test('is walked through with the keyboard', async () => {
    await show({ text: { text: TEXT, tokens: tokensOf(TEXT) } }, 'light');
    const list = panel.page.getByRole('listbox', { name: /Relevance of 9 tokens|tokens/ });
    await list.focus();
    for (const key of ['Home', 'ArrowDown', 'ArrowDown', 'ArrowDown']) await list.press(key);
    const chosen = panel.page.locator('prism-text [aria-selected="true"]');
    expect(await chosen.textContent()).toMatch(/spotless\s+\+2\.00/);
    expect(await chosen.getAttribute('aria-description')).toContain('relevance 2.00');
    expect(await panel.page.locator('prism-text .token.here').textContent()).toBe('spotless');
    await accessible();
  });

  test.each(['dark', 'light'] as const)(
    'tells of the token that is clicked, and of it at every layer, %s',
    async (theme) => {
      await show({ text: { text: TEXT, tokens: tokensOf(TEXT) } }, theme);
      await panel.page.locator('prism-text .token', { hasText: 'Nobody' }).click();
      const detail = panel.page.locator('prism-token-detail');
      await detail.getByText('30 % of all relevance').waitFor();
      expect(await detail.locator('p').first().textContent()).toMatch(/Nobody\s+-1\.20/);
      await detail.getByText('number 2 of 10 by strength').waitFor();
      await detail.getByRole('button', { name: 'At every layer' }).press('Enter');
      await detail.getByRole('listitem').first().waitFor();
      expect(
        await detail.getByRole('listitem').evaluateAll((all) => all.map((line) => line.getAttribute('aria-label'))),
      ).toEqual([
        'embedding: -1.20, 30 % of the layer',
        'encoder.0: -0.200, 2.9 % of the layer',
        'encoder.1: +0.800, 6.9 % of the layer',
      ]);
      const directory = process.env.SCREENSHOTS;
      if (directory) await panel.page.screenshot({ path: `${directory}/token-${theme}.png` });
      await accessible();
      // Another token needs no other question.
      await panel.page.locator('prism-text .token', { hasText: 'spotless' }).click();
      await detail.getByText('number 1 of 10 by strength').waitFor();
      expect(await panel.calls('tokenLayers')).toHaveLength(1);
    },
  );

  test('asks why a label or a word stands where it does', async () => {
    await show({ text: { text: TEXT, tokens: tokensOf(TEXT) } });
    const task = (name: string) =>
      panel.page.evaluate(async (wanted) => {
        const { explanation } = demo.state;
        await demo.update({
          explanation: { ...explanation!, id: wanted, model: { ...explanation!.model, task: wanted } },
        });
      }, name);
    await task('token-classification');
    const list = panel.page.getByRole('listbox', { name: /tokens/ });
    await list.focus();
    for (const key of ['Home', 'ArrowDown']) await list.press(key);
    await panel.page.getByRole('button', { name: 'Why this label?' }).press('Enter');
    await panel.page.getByRole('button', { name: 'In the map token × token' }).press('Enter');
    expect(await panel.calls('explainToken')).toEqual([{ token: 1 }]);
    expect(await panel.calls('showTokens')).toEqual([{ token: 1 }]);
    await task('text-generation');
    await panel.page.getByRole('button', { name: 'Why does it come here?' }).waitFor();
    // Nothing stands before the first word.
    await list.press('Home');
    await panel.page.getByRole('button', { name: 'Why does it come here?' }).waitFor({ state: 'detached' });
    // Enter asks for the layers.
    await list.press('Enter');
    await expect.poll(() => panel.calls('tokenLayers')).toHaveLength(1);
  });

  test('may be long: only the rows in sight are made', async () => {
    const long = Array.from({ length: 5000 }, (_, i) => `word${i}`).join(' ');
    await show({ text: { text: long, tokens: tokensOf(long) } });
    const rows = panel.page.locator('prism-text [role="option"]');
    await rows.first().waitFor();
    expect(await rows.count()).toBeLessThan(100);
    const list = panel.page.getByRole('listbox', { name: /tokens/ });
    await list.focus();
    await list.press('End');
    await panel.page.locator('#token-4999').waitFor();
    expect(await panel.page.locator('#token-4999').textContent()).toContain('word4999');
  });
});

describe('a row of a table', () => {
  const row = { name: 'row 3 of wines.csv', features: FEATURES };
  const conservation = { what: 'sum', expected: 2.5, actual: 2.5, residual: 0 };

  test('leads step by step to the score', async () => {
    await show({ row, conservation });
    const lines = panel.page.locator('prism-row [role="listitem"]');
    await lines.first().waitFor();
    const told = await lines.evaluateAll((all) => all.map((line) => line.textContent?.replace(/\s+/g, ' ').trim()));
    expect(told[0]).toMatch(/^without the features.* 1\.500$/);
    expect(told.at(-1)).toMatch(/^score.* 4\.000$/);
    expect(await lines.nth(1).getAttribute('aria-label')).toBe('alcohol = 13.2: +3.00, 67 % of all');
    // Each bar begins where the one before it ends.
    const bars = await panel.page.locator('prism-row .bar').evaluateAll((all) =>
      all.map((bar) => {
        const { left, right } = bar.getBoundingClientRect();
        return [left, right];
      }),
    );
    expect(Math.abs(bars[0]![1]! - bars[1]![1]!)).toBeLessThan(2);
    expect(Math.abs(bars[1]![0]! - bars[2]![0]!)).toBeLessThan(2);
    await accessible();
  });

  test('has bars where the parts do not add up', async () => {
    await show({ row }, 'light');
    const lines = panel.page.locator('prism-row [role="listitem"]');
    await lines.first().waitFor();
    expect(await lines.count()).toBe(FEATURES.length);
    await lines.first().focus();
    await lines.first().press('ArrowDown');
    expect(
      await lines
        .nth(1)
        .evaluate(
          (line) =>
            line.getRootNode() instanceof ShadowRoot && (line.getRootNode() as ShadowRoot).activeElement === line,
        ),
    ).toBe(true);
    await accessible();
  });
});

describe('methods beside each other', () => {
  const cell = (nth: number) => panel.page.locator('prism-compared-parts').nth(nth);
  const row = { name: 'row 3 of wines.csv', features: FEATURES };

  async function compare(part: Parameters<typeof show>[0], theme: ThemeName): Promise<void> {
    await show(part, theme);
    await panel.page.getByRole('button', { name: 'Compare methods…' }).click();
    await expect.poll(() => panel.page.locator('prism-compared-parts [data-status="ready"]').count()).toBe(3);
    const directory = process.env.SCREENSHOTS;
    if (directory)
      await panel.page.screenshot({ path: `${directory}/parts-${'text' in part ? 'text' : 'row'}-${theme}.png` });
  }

  test.each(['dark', 'light'] as const)('colour the words, with value and score, %s', async (theme) => {
    await compare({ text: { text: TEXT, tokens: tokensOf(TEXT) } }, theme);
    expect(await panel.page.locator('prism-compared').count()).toBe(0);
    expect(await panel.page.getByRole('list', { name: 'Compared methods' }).getByRole('listitem').count()).toBe(6);
    const [first, turned] = [cell(0), cell(2)].map((one) => one.locator('.token').nth(1));
    expect(await first!.getAttribute('aria-description')).toContain('relevance +0.100');
    expect(await turned!.getAttribute('aria-description')).toContain('relevance -0.100');
    expect(
      await cell(0)
        .locator('.text')
        .evaluate((element) => element.textContent),
    ).toBe(TEXT);
    expect(await cell(0).locator('[data-fact="score"]').innerText()).toBe('score 4.000');
    expect(await cell(0).locator('[data-fact="strongest"]').innerText()).toMatch(/^spotless \+2\.00 · /);
    await cell(4).getByText('UNSUPPORTED_OPERATOR').waitFor();
    await accessible();
  });

  test('have bars in one order for all', async () => {
    await compare({ row }, 'light');
    const told = (nth: number) =>
      cell(nth)
        .getByRole('listitem')
        .evaluateAll((all) => all.map((line) => line.getAttribute('aria-label')));
    expect(await told(0)).toEqual([
      'alcohol = 13.2: +3.00, 67 % of all',
      'hue = 1.06: -1.00, 22 % of all',
      'colour = red: +0.500, 11 % of all',
    ]);
    expect(await told(1)).toEqual([
      'alcohol = 13.2: -3.00, 67 % of all',
      'hue = 1.06: -1.00, 22 % of all',
      'colour = red: +0.500, 11 % of all',
    ]);
    await accessible();
  });

  test('are opened by a key', async () => {
    await compare({ row }, 'dark');
    await cell(1).getByRole('button').press('Enter');
    await panel.page.locator('prism-stage, prism-row').first().waitFor();
    expect(await panel.calls('openCompared')).toHaveLength(1);
  });
});
