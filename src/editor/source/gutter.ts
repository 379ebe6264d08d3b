import * as vscode from 'vscode';
import { onSettings, setting } from '../settings';
import { BAR_STEPS, barsOf } from './lines';
import type { SourceTies } from './ties';

const COLOURS = {
  light: { positive: '#c72e2e', negative: '#1a5fb4', track: '#00000018' },
  dark: { positive: '#ff7b72', negative: '#6cb6ff', track: '#ffffff20' },
} as const;

/** A bar for the margin: red from the left for what speaks for the class, blue from the right for what speaks against. */
function bar(step: number, sign: 'positive' | 'negative', theme: keyof typeof COLOURS): vscode.Uri {
  const { track, [sign]: colour } = COLOURS[theme];
  const width = (16 * step) / BAR_STEPS;
  const x = sign === 'positive' ? 0 : 16 - width;
  const svg = [
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">',
    `<rect y="6" width="16" height="4" fill="${track}"/>`,
    `<rect x="${x}" y="6" width="${width}" height="4" fill="${colour}"/></svg>`,
  ].join('');
  return vscode.Uri.parse(`data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`);
}

/** Shows the relevance of lines that made layers as bars in the margin, where the person wants them. */
export class RelevanceGutter implements vscode.Disposable {
  readonly #bars = new Map<number, vscode.TextEditorDecorationType>();
  readonly #disposables: vscode.Disposable[];

  constructor(private readonly ties: SourceTies) {
    const show = (): void =>
      vscode.window.visibleTextEditors.forEach((editor) => {
        this.#show(editor);
      });
    this.#disposables = [
      ties.onChanged(show),
      vscode.window.onDidChangeVisibleTextEditors(show),
      onSettings(['source.gutter'], show),
    ];
  }

  dispose(): void {
    for (const disposable of [...this.#disposables, ...this.#bars.values()]) disposable.dispose();
  }

  #show(editor: vscode.TextEditor): void {
    const { document } = editor;
    if (document.languageId !== 'python' || document.uri.scheme !== 'file') return;
    const lines = setting('source.gutter') ? [...this.ties.lines(document.uri.fsPath)] : [];
    const shares = lines.map(([line, values]): [number, number[]] => [
      line,
      values.flatMap(({ layer }) => this.ties.facts.share(layer) ?? []),
    ]);
    const ranges = new Map<number, vscode.Range[]>();
    for (const [line, step] of barsOf(new Map(shares))) {
      if (line <= document.lineCount)
        ranges.set(step, [...(ranges.get(step) ?? []), new vscode.Range(line - 1, 0, line - 1, 0)]);
    }
    for (const step of ranges.keys()) if (!this.#bars.has(step)) this.#bars.set(step, decoration(step));
    // The editor moves what it was given along with its text.
    for (const [step, type] of this.#bars) editor.setDecorations(type, ranges.get(step) ?? []);
  }
}

function decoration(step: number): vscode.TextEditorDecorationType {
  const sign = step > 0 ? 'positive' : 'negative';
  const at = (theme: keyof typeof COLOURS) => ({
    gutterIconPath: bar(Math.abs(step), sign, theme),
    gutterIconSize: 'contain',
  });
  return vscode.window.createTextEditorDecorationType({ light: at('light'), dark: at('dark') });
}
