import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCase } from '../../support/cases';
import { prism } from '../../support/engine/prism';
import { Workspace } from '../../support/engine/workspace';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

function words(): string {
  workspace.write('model.prism.json', JSON.stringify({ task: 'text-classification' }));
  workspace.write(
    'vocab.txt',
    Array.from({ length: 90 }, (_, id) => (id < 2 ? ['<pad>', '<unk>'][id] : `w${id}`)).join('\n'),
  );
  return workspace.write('model.onnx', loadCase('A-gru').bytes());
}

describe('a text', () => {
  it('is explained word by word', async () => {
    const args = ['explain', words(), '--text', 'w5 w6 nonsense', '--method', 'gradient-x-input'];
    const { code, out, err } = await prism(workspace, args);
    expect([code, err]).toEqual([
      0,
      `warning[TOKENS_UNKNOWN]: ${workspace.path('vocab.txt')} does not know "nonsense"; the model reads an unknown word there\n`,
    ]);
    expect(out).toContain('Gradient × Input · model.onnx · “w5 w6 nonsense”');
    for (const word of ['w5', 'w6', 'nonsense']) expect(out).toMatch(new RegExp(`^  ${word} +-?[\\d.e-]+ .*[│█]`, 'm'));
    const json = JSON.parse((await prism(workspace, [...args, '--json'])).out);
    expect(json.tokens.slice(0, 4)).toEqual([
      { text: 'w5', id: 5, start: 0, end: 2, relevance: expect.any(Number) },
      { text: 'w6', id: 6, start: 3, end: 5, relevance: expect.any(Number) },
      { text: 'nonsense', id: 1, start: 6, end: 14, kind: 'unknown', relevance: expect.any(Number) },
      { text: '<pad>', id: 0, start: 14, end: 14, kind: 'padding', relevance: expect.any(Number) },
    ]);
  });

  it('is shown in colours where the terminal has them', async () => {
    const args = ['explain', words(), '--text', 'w5 w6', '--method', 'gradient-x-input'];
    const { out } = await prism(workspace, args, { outIsTerminal: true, env: { COLORTERM: 'truecolor' } });
    expect(out.replaceAll('\x1b', '')).toMatch(/\[48;2;\d+;\d+;\d+m\[38;2;[\d;]+mw5\[0m \[48/);
  });

  it('may be predicted from a file', async () => {
    const file = workspace.write('t.txt', 'w5 w6');
    const model = words();
    const one = JSON.parse((await prism(workspace, ['predict', model, '--text-file', file, '--json'])).out);
    const other = JSON.parse((await prism(workspace, ['predict', model, '--text', 'w5 w6', '--json'])).out);
    expect(one.top).toEqual(other.top);
  });

  it('is one input, and no other beside it', async () => {
    const { code, err } = await prism(workspace, ['predict', 'm.onnx', '--text', 'a', '--row', 'b=1']);
    expect([code, err]).toEqual([2, expect.stringContaining('give only one input')]);
  });
});

it('a row is explained column by column', async () => {
  const names = Array.from({ length: 16 }, (_, i) => `x${i}`);
  workspace.write('model.prism.json', JSON.stringify({ task: 'tabular' }));
  const table = workspace.write('t.csv', `${names.join(',')}\n${names.map((_, i) => i / 10).join(',')}\n`);
  const model = workspace.write('model.onnx', loadCase('A-tabular_mlp').bytes());
  const { code, out } = await prism(workspace, ['explain', model, '--row', `${table}:1`, '--method', 'gradient']);
  expect(code).toBe(0);
  expect(out).toMatch(/^ {2}x3 = 0\.3 +-?[\d.e-]+ .*│/m);
});
