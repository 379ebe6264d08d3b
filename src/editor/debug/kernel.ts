import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import { requireTrust } from '../trust';
import type { Program, Stop } from './debuggee';
import { answerType, type Call, kernelCode } from './expression';

/** The extension that runs kernels, and what is used of its public interface. */
const JUPYTER = 'ms-toolsai.jupyter';

interface JupyterApi {
  readonly kernels: { getKernel(notebook: vscode.Uri): Thenable<Kernel | undefined> };
}

interface Kernel {
  readonly status: string;
  readonly onDidChangeStatus: vscode.Event<string>;
  readonly language: string;
  executeCode(code: string, token: vscode.CancellationToken): AsyncIterable<Output>;
}

interface Output {
  readonly items: readonly { readonly mime: string; readonly data: Uint8Array }[];
}

const ERROR = 'application/vnd.code.notebook.error';
/** The word that a kernel is done may come a little after what it was asked. */
const SETTLE_MS = 1000;
const ENDED: ReadonlySet<string> = new Set(['dead', 'terminating']);
const READY: ReadonlySet<string> = new Set(['idle', 'unknown']);

const decoder = new TextDecoder();

/** The kernel of a notebook, asked by code that it runs between two cells. */
class KernelProgram implements Program {
  readonly files = ['kernel.py'];
  readonly id: string;
  readonly name: string;

  constructor(
    notebook: vscode.Uri,
    private readonly kernel: Kernel,
  ) {
    this.id = notebook.toString();
    this.name = path.basename(notebook.path);
  }

  onDidEnd(listener: () => void): vscode.Disposable {
    return this.kernel.onDidChangeStatus((status) => {
      if (ENDED.has(status) || /restarting$/.test(status)) listener();
    });
  }

  /** @throws PrismError KERNEL_BUSY, KERNEL_DEAD, EVALUATION_FAILED, DEBUGGEE_ANSWER */
  async evaluate(call: Call, signal?: AbortSignal): Promise<string> {
    await this.#idle();
    signal?.throwIfAborted();
    const cancellation = new vscode.CancellationTokenSource();
    const giveUp = (): void => cancellation.cancel();
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      let answer: string | undefined;
      for await (const { items } of this.kernel.executeCode(kernelCode(call), cancellation.token)) {
        for (const { mime, data } of items) {
          if (mime === answerType) answer = decoder.decode(data);
          if (mime === ERROR) throw new PrismError('EVALUATION_FAILED', wordsOf(decoder.decode(data)));
        }
      }
      if (answer !== undefined) return answer;
      throw new PrismError('DEBUGGEE_ANSWER', vscode.l10n.t('The kernel of {0} gave no answer.', this.name));
    } finally {
      signal?.removeEventListener('abort', giveUp);
      cancellation.dispose();
    }
  }

  async #idle(): Promise<void> {
    const { kernel, name } = this;
    if (!READY.has(kernel.status) && !ENDED.has(kernel.status)) await this.#changed();
    if (READY.has(kernel.status)) return;
    if (ENDED.has(kernel.status)) {
      throw new PrismError('KERNEL_DEAD', vscode.l10n.t('The kernel of {0} has ended; restart it.', name));
    }
    throw new PrismError(
      'KERNEL_BUSY',
      vscode.l10n.t('The kernel of {0} is at work ({1}); ask again when its cell is done.', name, kernel.status),
    );
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        watch.dispose();
        resolve();
      };
      const timer = setTimeout(done, SETTLE_MS);
      const watch = this.kernel.onDidChangeStatus((status) => {
        if (READY.has(status) || ENDED.has(status)) done();
      });
    });
  }
}

function wordsOf(json: string): string {
  try {
    const { name, message } = JSON.parse(json) as { readonly name?: string; readonly message?: string };
    return `${name ?? 'Error'}: ${message ?? ''}`;
  } catch {
    return json;
  }
}

/** The notebook whose cell is being edited, or that has the focus. */
export function activeNotebook(): vscode.Uri | undefined {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.uri.scheme === 'vscode-notebook-cell') {
    const inside = (notebook: vscode.NotebookDocument): boolean =>
      notebook.getCells().some((cell) => cell.document === document);
    return vscode.workspace.notebookDocuments.find(inside)?.uri;
  }
  return document ? undefined : vscode.window.activeNotebookEditor?.notebook.uri;
}

/**
 * A notebook's kernel as the place where variables are. Jupyter asks the person whether it may be used.
 *
 * @throws PrismError WORKSPACE_NOT_TRUSTED, NO_JUPYTER, NO_KERNEL, KERNEL_NOT_PYTHON
 */
export async function kernelStop(notebook: vscode.Uri): Promise<Stop> {
  const { t } = vscode.l10n;
  requireTrust(t('Nothing is evaluated in a program before you trust the workspace.'));
  const extension = vscode.extensions.getExtension<JupyterApi>(JUPYTER);
  const name = path.basename(notebook.path);
  const api = await extension?.activate();
  if (!api?.kernels) {
    const text = t('Variables of {0} are read by the extension Jupyter ({1}), which is not here.', name, JUPYTER);
    throw new PrismError('NO_JUPYTER', text);
  }
  const kernel = await api.kernels.getKernel(notebook);
  if (!kernel) {
    const text = t('{0} has no running kernel that may be asked: run a cell, and allow Jupyter to share it.', name);
    throw new PrismError('NO_KERNEL', text);
  }
  if (kernel.language !== 'python') {
    throw new PrismError('KERNEL_NOT_PYTHON', t('The kernel of {0} runs {1}, not Python.', name, kernel.language));
  }
  return {
    program: new KernelProgram(notebook, kernel),
    where: name,
    file: notebook.scheme === 'file' ? notebook.fsPath : undefined,
  };
}
