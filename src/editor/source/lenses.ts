import * as vscode from 'vscode';
import type { SourcedValue } from '../../protocol/source';
import { commands } from '../contributions';
import { onSettings, setting } from '../settings';
import type { LayerFacts } from './facts';
import { pngOf } from './png';
import type { SourceTies } from './ties';

const python: vscode.DocumentSelector = { language: 'python', scheme: 'file' };

const shapeText = ({ shape }: SourcedValue): string => shape.join('×');

const percent = (share: number): string =>
  new Intl.NumberFormat(undefined, { style: 'percent', maximumSignificantDigits: 3 }).format(share);

/** How much of what a line made passes nothing on for this input, over all places; undefined where all does. */
function silence(values: readonly SourcedValue[], facts: LayerFacts): string | undefined {
  const { t } = vscode.l10n;
  const layers = [...new Map(values.map((value) => [value.layer, value])).values()];
  const found = layers.flatMap(({ layer }) => facts.silent(layer) ?? []);
  const silent = found.reduce((sum, one) => sum + one.silent, 0);
  if (silent === 0) return undefined;
  const units = found.reduce((sum, one) => sum + one.units, 0);
  const channels = layers.every(({ shape }) => shape.length >= 4);
  return channels ? t('{0} of {1} channels silent', silent, units) : t('{0} of {1} units silent', silent, units);
}

/** What a line made, in a few words: shapes, parameters, relevance, silent units. */
function describe(values: readonly SourcedValue[], facts: LayerFacts): string {
  const { t } = vscode.l10n;
  const shapes = [...new Set(values.map(shapeText))].filter(Boolean);
  const parameters = values.reduce((sum, value) => sum + value.parameters, 0);
  const shares = values.flatMap(({ layer }) => facts.share(layer) ?? []);
  const silent = silence(values, facts);
  const [least, most] = [Math.min(...shares), Math.max(...shares)].map(percent);
  const relevance = least === most ? most : `${least} … ${most}`;
  return [
    ...(values.length > 1 ? [t('{0} places in the model', values.length)] : []),
    ...(shapes.length > 0 ? [shapes.length > 2 ? `${shapes[0]} … ${shapes.at(-1)}` : shapes.join(', ')] : []),
    ...(parameters > 0 ? [t('{0} parameters', parameters.toLocaleString())] : []),
    ...(shares.length > 0 ? [t('{0} of the relevance', relevance)] : []),
    ...(silent === undefined ? [] : [silent]),
  ].join(' · ');
}

/** Shows in Python files what their lines made: lenses, hovers, hints. */
export class SourceLenses implements vscode.Disposable, vscode.CodeLensProvider, vscode.InlayHintsProvider {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[];

  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly onDidChangeInlayHints = this.#changed.event;

  constructor(private readonly ties: SourceTies) {
    this.#disposables = [
      this.#changed,
      ties.onChanged(() => this.#changed.fire()),
      onSettings(['source.codeLens', 'source.inlayHints'], () => this.#changed.fire()),
      vscode.languages.registerCodeLensProvider(python, this),
      vscode.languages.registerInlayHintsProvider(python, this),
      vscode.languages.registerHoverProvider(python, { provideHover: (document, at) => this.#hover(document, at) }),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor, kind }) => {
        if (kind === undefined || !setting('source.followCursor')) return;
        const { document, selection } = textEditor;
        const values = this.ties.lines(document.uri.fsPath).get(selection.active.line + 1);
        const layer = values?.find((value) => value.layer !== undefined)?.layer;
        if (layer !== undefined) void vscode.commands.executeCommand(commands.showLayer, [layer]);
      }),
    ];
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!setting('source.codeLens')) return [];
    const explained = new Set(this.ties.explanation?.layers.map(({ id }) => id));
    return [...this.ties.lines(document.uri.fsPath)].map(([line, values]) => {
      const shown = values.flatMap(({ layer }) => (layer !== undefined && explained.has(layer) ? [layer] : []));
      return new vscode.CodeLens(new vscode.Range(line - 1, 0, line - 1, 0), {
        title: describe(values, this.ties.facts),
        // Without a command it is text that tells and opens nothing.
        ...(shown.length > 0 && { tooltip: vscode.l10n.t('Open this layer in the panel') }),
        command: shown.length > 0 ? commands.showLayer : '',
        arguments: [[...new Set(shown)]],
      });
    });
  }

  provideInlayHints(document: vscode.TextDocument, range: vscode.Range): vscode.InlayHint[] {
    if (!setting('source.inlayHints')) return [];
    return [...this.ties.lines(document.uri.fsPath)].flatMap(([line, values]) => {
      if (line - 1 < range.start.line || line - 1 > range.end.line || line > document.lineCount) return [];
      const shapes = [...new Set(values.map(shapeText))].filter(Boolean);
      if (shapes.length === 0) return [];
      const hint = new vscode.InlayHint(
        document.lineAt(line - 1).range.end,
        `→ ${shapes[0]}${shapes.length > 1 ? ' …' : ''}`,
        vscode.InlayHintKind.Type,
      );
      hint.paddingLeft = true;
      return [hint];
    });
  }

  async #hover(document: vscode.TextDocument, at: vscode.Position): Promise<vscode.Hover | undefined> {
    const values = this.ties.lines(document.uri.fsPath).get(at.line + 1);
    if (!values) return undefined;
    const text = new vscode.MarkdownString();
    text.appendMarkdown('**Model Prism** ');
    text.appendText(describe(values, this.ties.facts));
    for (const value of values.slice(0, 8)) {
      const share = this.ties.facts.share(value.layer);
      text.appendMarkdown('\n\n');
      text.appendText(
        [value.title, value.op, shapeText(value), ...(share === undefined ? [] : [percent(share)])].join(' · '),
      );
    }
    const layer = values.find((value) => this.ties.facts.share(value.layer) !== undefined)?.layer;
    const map = layer === undefined ? undefined : await this.ties.map(layer).catch(() => undefined);
    // Grids only: a vector is no picture.
    if (map && map.width > 1 && map.height > 1)
      text.appendMarkdown(`\n\n![${layer}](data:image/png;base64,${pngOf(map).toString('base64')})`);
    return new vscode.Hover(text);
  }
}
