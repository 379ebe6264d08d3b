import * as vscode from 'vscode';
import { PrismError } from '../graph/errors';
import type { ExplainParams, InputParams } from '../protocol';
import type { MethodChoice } from './methods';
import type { WorkspaceModels } from './models';
import type { Panels } from './panels';
import { modelFor, modelForTask } from './pick-model';
import { sameInput } from './questions';
import { TEXT_TASKS, type Wanted } from './texts';

/** Before a notification tells that something is still being computed. */
const PATIENCE_MS = 2000;
/** Panels that one command may open. */
const MOST_PANELS = 8;

export interface ExplainWish {
  readonly images: readonly vscode.Uri[];
  /** The last method when absent. */
  readonly method?: string;
  readonly newPanel?: boolean;
}

/** What a model is for that takes a text, or a row. */
const tasksFor = ({ row }: InputParams): readonly string[] => (row === undefined ? TEXT_TASKS : ['tabular']);

/** Turns "explain this" into questions to panels, asking for the model where that is open. */
export class Explainer {
  constructor(
    private readonly models: WorkspaceModels,
    private readonly methods: MethodChoice,
    private readonly panels: Panels,
  ) {}

  /** Explains a picture by several methods, which the person chooses unless they are named. */
  async compare(image: vscode.Uri, named?: readonly string[]): Promise<void> {
    requireFiles([image]);
    const { current } = this.panels;
    const shown = current?.question?.image === image.fsPath ? current.question : undefined;
    const model = shown?.model ?? (await modelFor(this.models, image.fsPath));
    if (model === undefined) return;
    const methods = named ?? (await this.methods.pickSeveral(model));
    if (!methods) return;
    const method = shown?.method ?? this.methods.current;
    const question = shown ?? { model, image: image.fsPath, method, options: this.methods.options(method) };
    await this.#compare(question, methods);
  }

  /** Explains a text or a row of a table by several methods. */
  async compareParts({ input, file }: Wanted, named?: readonly string[]): Promise<void> {
    const { question: asked } = this.panels.current ?? {};
    const shown = asked && sameInput(asked, input) ? asked : undefined;
    const model = shown?.model ?? (await modelForTask(this.models, tasksFor(input), file));
    if (model === undefined) return;
    const methods = named ?? (await this.methods.pickSeveral(model));
    if (!methods) return;
    const [method = this.methods.current] = methods;
    await this.#compare(shown ?? { ...input, model, method, options: this.methods.options(method) }, methods);
  }

  #compare(question: ExplainParams, methods: readonly string[]): Promise<void> {
    const title = vscode.l10n.t('Comparing {0} methods…', methods.length);
    return this.#showProgress(title, this.panels.compare(question, methods));
  }

  /** Explains pictures, the first in the panel used last and each other in one of its own. */
  async explain({ images, method = this.methods.current, newPanel = false }: ExplainWish): Promise<void> {
    requireFiles(images);
    await this.methods.remember(method);
    const { current } = this.panels;
    // Options that were set in the panel go on for its next picture.
    const kept = current?.question?.method === method ? current.question.options : undefined;
    const options = kept ?? this.methods.options(method);
    const runs: Promise<void>[] = [];
    for (const [i, image] of images.slice(0, MOST_PANELS).entries()) {
      const model = await modelFor(this.models, image.fsPath);
      if (model === undefined) return;
      runs.push(
        this.panels.explain({ model, image: image.fsPath, method, options }, newPanel || i > 0 ? 'new' : 'reuse'),
      );
    }
    const title =
      images.length === 1
        ? vscode.l10n.t('Explaining the image…')
        : vscode.l10n.t('Explaining {0} images…', images.length);
    await this.#showProgress(title, Promise.all(runs));
  }

  /** Explains a text or a row of a table. */
  async explainParts({ input, file }: Wanted): Promise<void> {
    const model = await modelForTask(this.models, tasksFor(input), file);
    if (model === undefined) return;
    const method = await this.methods.fitting(model);
    const { question } = this.panels.current ?? {};
    const options = question?.method === method && question.options ? question.options : this.methods.options(method);
    const work = this.panels.explain({ ...input, model, method, options });
    const title =
      input.row === undefined ? vscode.l10n.t('Explaining the text…') : vscode.l10n.t('Explaining the row…');
    await this.#showProgress(title, work);
  }

  /** Tells of work that takes long, wherever the panel is. */
  async #showProgress(title: string, work: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), PATIENCE_MS);
    });
    const first = await Promise.race([work, late]);
    clearTimeout(timer);
    if (first !== 'late') return;
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    await vscode.window.withProgress(options, async (_progress, token) => {
      token.onCancellationRequested(() => this.cancel());
      await work;
    });
  }

  /** Gives up whatever is being computed for panels. */
  cancel(): void {
    for (const panel of this.panels.all) panel.cancel();
  }
}

function requireFiles(images: readonly vscode.Uri[]): void {
  const remote = images.find(({ scheme }) => scheme !== 'file');
  if (!remote) return;
  throw new PrismError('NOT_A_FILE', vscode.l10n.t('{0} is not a file on this machine.', remote.toString(true)));
}
