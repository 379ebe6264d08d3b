import * as vscode from 'vscode';
import type { MethodSummary, OptionValues } from '../protocol';
import { type EngineRoom, sentence } from './engine-room';
import { setting } from './settings';

const key = 'method';
const comparedKey = 'compared';

/** What is compared until somebody chooses: one quick method of each kind. */
const usuallyCompared: readonly string[] = [
  'srd',
  'gradient',
  'integrated-gradients',
  'grad-cam',
  'lrp',
  'attention-relevance',
];

/** What explains texts and rows when the last method does not take them. */
const forParts: readonly string[] = ['integrated-gradients', 'shapley-sampling', 'occlusion'];

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

  /** The last method if it fits a model, else the first that does of those that take texts and tables. */
  async fitting(model: string): Promise<string> {
    const beyond = new Set((await this.engine.unfit(model)).map(({ method }) => method));
    return [this.current, ...forParts].find((id) => !beyond.has(id)) ?? this.current;
  }

  /** The options that the settings give for a method. */
  options(method: string): OptionValues {
    const given: unknown = setting('methodOptions')[method];
    return typeof given === 'object' && given !== null ? (given as OptionValues) : {};
  }

  /**
   * Lets the person choose; undefined when they do not.
   *
   * @param model what it is to explain: methods that it is beyond stand last, with the reason
   */
  async pick(model?: string): Promise<MethodSummary | undefined> {
    const { current } = this;
    const items = this.#items(model).then((all) =>
      all.map((item) =>
        'method' in item && item.method.id === current ? { ...item, description: vscode.l10n.t('last used') } : item,
      ),
    );
    for (;;) {
      const picked = await vscode.window.showQuickPick<MethodItem | vscode.QuickPickItem>(items, {
        title: vscode.l10n.t('Explain by which method?'),
        matchOnDescription: true,
        matchOnDetail: true,
      });
      if (!picked || !('method' in picked)) return undefined;
      if (!picked.why) return picked.method;
      const another = vscode.l10n.t('Choose Another');
      const answer = await vscode.window.showWarningMessage(picked.why, { modal: true }, another);
      if (answer !== another) return undefined;
    }
  }

  /** Lets the person choose several to compare on a model; undefined when they choose none. */
  async pickSeveral(
    model: string,
    title = vscode.l10n.t('Compare which methods?'),
  ): Promise<readonly string[] | undefined> {
    const chosen = this.memory.get<readonly string[]>(comparedKey) ?? [this.current, ...usuallyCompared];
    const items = this.#items(model).then((all) =>
      all.map((item) => ('method' in item ? { ...item, picked: !item.why && chosen.includes(item.method.id) } : item)),
    );
    const picked = await vscode.window.showQuickPick<MethodItem | vscode.QuickPickItem>(items, {
      title,
      placeHolder: vscode.l10n.t('Methods that do not fit the model stand last.'),
      canPickMany: true,
      matchOnDescription: true,
      matchOnDetail: true,
    });
    const ids = picked?.flatMap((item) => ('method' in item ? [item.method.id] : []));
    if (!ids || ids.length === 0) return undefined;
    await this.memory.update(comparedKey, ids);
    return ids;
  }

  /** The methods by families; those that the model is beyond come last, with the reason. */
  async #items(model: string | undefined): Promise<(MethodItem | vscode.QuickPickItem)[]> {
    const [methods, unfit] = await Promise.all([
      this.engine.methods(),
      model === undefined ? [] : this.engine.unfit(model),
    ]);
    const reasons = new Map(unfit.map(({ method, error }) => [method, sentence(error)]));
    const items = methods.map((method): MethodItem => {
      const why = reasons.get(method.id);
      return why === undefined
        ? { method, label: method.title, description: method.id, detail: method.summary }
        : { method, label: `$(circle-slash) ${method.title}`, description: method.id, detail: why, why };
    });
    const fitting = items.filter(({ why }) => why === undefined);
    const families = [...new Set(fitting.map(({ method }) => method.family))];
    const grouped = families.flatMap((family) => [
      separator(familyTitle(family)),
      ...fitting.filter(({ method }) => method.family === family),
    ]);
    const rest = items.filter(({ why }) => why !== undefined);
    return rest.length > 0 ? [...grouped, separator(vscode.l10n.t('Do not fit this model')), ...rest] : grouped;
  }
}

interface MethodItem extends vscode.QuickPickItem {
  readonly method: MethodSummary;
  /** Why the model is beyond it. */
  readonly why?: string;
}

const separator = (label: string): vscode.QuickPickItem => ({ label, kind: vscode.QuickPickItemKind.Separator });

function familyTitle(family: string): string {
  const { t } = vscode.l10n;
  const titles: Readonly<Record<string, string>> = {
    pfv: t('Feature vectors'),
    gradient: t('Gradients'),
    cam: t('Class activation maps'),
    relevance: t('Relevance'),
    attention: t('Attention'),
    perturbation: t('Perturbation'),
    learned: t('Learned'),
  };
  return titles[family] ?? family;
}
