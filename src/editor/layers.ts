import * as path from 'node:path';
import * as vscode from 'vscode';
import type { LayerInfo, ModelInfo, ValueSummary } from '../protocol';
import type { EngineRoom } from './engine-room';
import { watchFiles } from './watch';

const scheme = 'model-prism-layers';

/** Columns as wide as their widest cell; numbers to the right. */
function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, String(cell).length);
  }
  const pad = (cell: string | number, i: number): string =>
    typeof cell === 'number' ? String(cell).padStart(widths[i]) : cell.padEnd(widths[i]);
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

const shapeOf = (shape: ValueSummary['shape']): string => shape.map((size) => size ?? '?').join('×');
const valueRow = ({ name, dtype, shape }: ValueSummary): string[] => [`  ${name}`, dtype, shapeOf(shape)];

/** A model and its layers as a page of text. */
function layersPage(model: ModelInfo, layers: readonly LayerInfo[]): string {
  const { t } = vscode.l10n;
  const settings = model.settings.map(({ key, value, origin }) => [`  ${key}`, value, origin]);
  const rows = layers.map((layer, i) => [
    i,
    layer.title,
    layer.op,
    shapeOf(layer.shape),
    `${layer.width}×${layer.height}`,
    layer.id,
  ]);
  const head = ['', t('Layer'), t('Operator'), t('Shape'), t('PFVs'), t('Value')];
  const parts = [
    `${model.name}\n${model.path}`,
    t('{0}, {1} parameters, opset {2}', model.task, model.parameters.toLocaleString('en'), model.opset),
    `${t('Inputs')}\n${table(model.inputs.map(valueRow))}`,
    `${t('Outputs')}\n${table(model.outputs.map(valueRow))}`,
    `${t('Settings')}\n${table(settings)}`,
    ...(model.warnings.length > 0
      ? [`${t('Warnings')}\n${model.warnings.map(({ code, message }) => `  ${code}: ${message}`).join('\n')}`]
      : []),
    `${t('{0} layers, in the model’s order', layers.length)}\n${table([head, ...rows])}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Shows the layers of a model as a read-only page, which follows the model's file. */
export class LayerPages implements vscode.Disposable, vscode.TextDocumentContentProvider {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #watchers = new Map<string, vscode.Disposable>();
  readonly #disposables: vscode.Disposable[];

  readonly onDidChange = this.#changed.event;

  constructor(private readonly engine: EngineRoom) {
    this.#disposables = [
      this.#changed,
      vscode.workspace.registerTextDocumentContentProvider(scheme, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#forget(uri)),
    ];
  }

  dispose(): void {
    for (const watcher of this.#watchers.values()) watcher.dispose();
    for (const disposable of this.#disposables) disposable.dispose();
  }

  async open(model: string): Promise<void> {
    // Asked first, so that a failure is told and does not become a page.
    await this.engine.api.layers({ model });
    const title = vscode.l10n.t('{0} layers', path.basename(model));
    const uri = vscode.Uri.from({ scheme, path: `/${title}`, query: model });
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const { api } = this.engine;
    const file = uri.query;
    if (!this.#watchers.has(`${uri}`)) {
      this.#watchers.set(
        `${uri}`,
        watchFiles([file], () => this.#changed.fire(uri)),
      );
    }
    const [model, layers] = await Promise.all([api.model({ path: file }), api.layers({ model: file })]);
    return layersPage(model, layers);
  }

  #forget(uri: vscode.Uri): void {
    this.#watchers.get(`${uri}`)?.dispose();
    this.#watchers.delete(`${uri}`);
  }
}
