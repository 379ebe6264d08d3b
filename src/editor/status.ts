import * as path from 'node:path';
import * as vscode from 'vscode';
import { commands, contextKeys } from './contributions';
import type { EngineRoom } from './engine-room';
import type { WorkspaceModels } from './models';
import type { Panels } from './panels';

/** The item in the status bar, and the context key that menus go by. */
export class Status implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('modelPrism.status', vscode.StatusBarAlignment.Right, 50);
  readonly #disposables: vscode.Disposable[];
  readonly #context = new Map<string, boolean>();

  constructor(
    private readonly engine: EngineRoom,
    private readonly models: WorkspaceModels,
    private readonly panels: Panels,
  ) {
    this.#item.name = 'Model Prism';
    this.#item.command = commands.quickActions;
    const show = (): void => void this.#show();
    this.#disposables = [this.#item, engine.client.onStatus(show), models.onChanged(show), panels.onChanged(show)];
    show();
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  async #show(): Promise<void> {
    const [evident, found] = await Promise.all([this.models.evident(undefined), this.models.find()]);
    const working = this.panels.all.some((panel) => panel.working);
    this.#setContext(contextKeys.working, working);
    this.#setContext(contextKeys.canGoBack, this.panels.current?.canGo(-1) === true);
    this.#setContext(contextKeys.canGoForward, this.panels.current?.canGo(1) === true);
    const model = this.panels.current?.question?.model ?? evident;
    if (model === undefined && found.length === 0 && this.engine.client.status.state === 'stopped') {
      return this.#item.hide();
    }
    this.#item.text = this.#text(model, working);
    this.#item.tooltip = this.#tooltip(model);
    this.#item.backgroundColor = this.#alarming ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    this.#item.show();
  }

  get #alarming(): boolean {
    const { status } = this.engine.client;
    return status.state === 'ended' && status.error.code !== 'ENGINE_RESTARTED';
  }

  #text(model: string | undefined, working: boolean): string {
    const { status } = this.engine.client;
    const icon = working || status.state === 'starting' ? 'loading~spin' : this.#alarming ? 'error' : 'eye';
    const name = model === undefined ? 'Model Prism' : path.parse(model).name;
    return `$(${icon}) ${[name, ...(status.state === 'ready' ? [status.info.provider] : [])].join(' · ')}`;
  }

  #tooltip(model: string | undefined): vscode.MarkdownString {
    const { status } = this.engine.client;
    const { t } = vscode.l10n;
    const lines = ['**Model Prism**', model === undefined ? t('No model has been chosen.') : t('Model: {0}', model)];
    if (status.state === 'ready') {
      const { provider, reason, version, pid } = status.info;
      lines.push(reason ? t('Provider: {0} ({1})', provider, reason) : t('Provider: {0}', provider));
      lines.push(t('Engine {0}, process {1}', version, pid));
    } else if (status.state === 'ended') lines.push(status.error.message);
    else lines.push(t('The engine starts with the first explanation.'));
    const text = new vscode.MarkdownString();
    for (const [i, line] of lines.entries()) {
      if (i === 0) text.appendMarkdown(line);
      else text.appendMarkdown('\n\n').appendText(line);
    }
    return text;
  }

  #setContext(key: string, value: boolean): void {
    if (this.#context.get(key) === value) return;
    this.#context.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
