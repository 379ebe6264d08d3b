import * as vscode from 'vscode';
import { toRemoteError } from '../rpc';
import { commands } from './contributions';
import { type EngineRoom, sentence } from './engine-room';
import { copyLink, linkedState } from './links';
import { nothingExplained } from './living';
import type { ExplanationPanel } from './panel';
import { exportShown } from './panel-host';
import type { Panels } from './panels';

/** What is done with the panel used last. */
export function aboutPanels({
  context,
  panels,
}: {
  readonly context: vscode.ExtensionContext;
  readonly panels: Panels;
}) {
  const shown = (): ExplanationPanel => {
    const { current } = panels;
    if (!current?.explanation) throw nothingExplained();
    return current;
  };

  /** The document knows what is open in the explanation, and leaves that first. */
  const go = async (by: -1 | 1): Promise<void> => {
    const { current } = panels;
    if (current && !current.tell((api) => api.go({ by }))) await current.go(by);
  };

  return {
    [commands.goBack]: () => go(-1),
    [commands.goForward]: () => go(1),
    [commands.copyLink]: async (): Promise<void> => {
      const panel = shown();
      if (panel.visible && panel.tell((api) => api.copyLink({}))) return;
      await copyLink(context.extension.id, panel.explanation!, panel.question, undefined);
    },
    [commands.exportReport]: async (): Promise<void> => {
      const { signal } = new AbortController();
      await exportShown(shown(), 'html', { signal, progress: () => {} });
    },
  };
}

/** Follows links to explanations. */
export class LinkHandler implements vscode.UriHandler {
  constructor(
    private readonly engine: EngineRoom,
    private readonly panels: Panels,
  ) {}

  async handleUri(uri: vscode.Uri): Promise<void> {
    try {
      await this.open(uri);
    } catch (error) {
      await vscode.window.showErrorMessage(sentence(toRemoteError(error)));
    }
  }

  /** Shows what a link leads to; resolves when that has succeeded, failed or been cancelled. */
  async open(uri: vscode.Uri): Promise<void> {
    await this.panels.open(await linkedState(uri, this.engine));
  }
}
