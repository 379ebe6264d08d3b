import * as vscode from 'vscode';
import type { MethodSummary, OptionValues } from '../protocol';
import type { EngineRoom } from './engine-room';
import { setting } from './settings';

const key = 'method';

/** Which method explains, until the person takes another: the last one used in this workspace. */
export class MethodChoice {
  constructor(
    private readonly memory: vscode.Memento,
    private readonly engine: EngineRoom,
  ) {}

  get current(): string {
    return this.memory.get<string>(key) ?? setting('defaultMethod');
  }

  async remember(method: string): Promise<void> {
    await this.memory.update(key, method);
  }

  /** The options that the settings give for a method. */
  options(method: string): OptionValues {
    const given: unknown = setting('methodOptions')[method];
    return typeof given === 'object' && given !== null ? (given as OptionValues) : {};
  }

  /** Lets the person choose; undefined when they do not. */
  async pick(): Promise<MethodSummary | undefined> {
    const { current } = this;
    const items = this.engine.methods().then((methods) =>
      methods.map((method) => ({
        method,
        label: method.title,
        description: method.id === current ? vscode.l10n.t('last used') : method.id,
        detail: method.summary,
      })),
    );
    const picked = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Explain by which method?'),
      matchOnDescription: true,
      matchOnDetail: true,
    });
    return picked?.method;
  }
}
