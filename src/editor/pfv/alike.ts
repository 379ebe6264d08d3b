import { readdir } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import type { AlikeImages, AlikePfv, PfvQuery } from '../../protocol/pfv';
import { imageExtensions } from '../contributions';
import type { Pins } from '../pins';
import { QuietEngine } from '../quiet-engine';
import { onSettings, setting } from '../settings';

/** After so long without a search the engine's memory is given back. */
const IDLE_MS = 120_000;

const extensions: ReadonlySet<string> = new Set(imageExtensions.map((extension) => `.${extension}`));

/** Looks for feature vectors in other images, where nobody has to wait for it. */
export class AlikeSearches implements vscode.Disposable {
  readonly #engine: QuietEngine;
  readonly #settings: vscode.Disposable;

  constructor(
    context: Pick<vscode.ExtensionContext, 'extensionPath' | 'globalStorageUri'>,
    log: vscode.LogOutputChannel,
    private readonly pins: Pins,
  ) {
    this.#engine = new QuietEngine(context, log, 'alike', IDLE_MS);
    this.#settings = onSettings(['provider', 'cache.enabled', 'cache.directory'], () => this.#engine.stop());
  }

  dispose(): void {
    this.#settings.dispose();
    this.#engine.dispose();
  }

  /** The explained image, the pinned ones, and so many of its folder, or of one that the person chooses. */
  async images(explained: string, folder: 'own' | 'chosen'): Promise<AlikeImages | null> {
    const place = folder === 'own' ? path.dirname(explained) : await chooseFolder(path.dirname(explained));
    if (place === undefined) return null;
    const beside = (await imagesIn(place)).filter((image) => image !== explained);
    const images = [explained, ...this.pins.images, ...beside.slice(0, setting('alikeImages'))];
    return { folder: path.basename(place), images: [...new Set(images)] };
  }

  /** The vectors of an image that point the way of the query; at `except`, where it is from, none is looked for. */
  async lookIn(
    query: PfvQuery,
    asked: { image: string; count: number; floor: number; except?: { x: number; y: number } },
    signal: AbortSignal,
  ): Promise<readonly AlikePfv[]> {
    const api = await this.#engine.api();
    return api.alikeIn({ query, ...asked }, { cancel: signal });
  }
}

async function imagesIn(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw new PrismError('FILE_NOT_FOUND', vscode.l10n.t('{0} cannot be read.', folder), { file: folder }, { cause });
  }
  const order = new Intl.Collator('en', { numeric: true });
  return names
    .filter((name) => extensions.has(path.extname(name).toLowerCase()) && !name.startsWith('.'))
    .sort(order.compare)
    .map((name) => path.join(folder, name));
}

async function chooseFolder(start: string): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Look for feature vectors in the images of which folder?'),
    openLabel: vscode.l10n.t('Look Here'),
    canSelectFiles: false,
    canSelectFolders: true,
    defaultUri: vscode.Uri.file(start),
  });
  return chosen?.[0]?.fsPath;
}
