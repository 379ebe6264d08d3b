import * as vscode from 'vscode';
import { PrismError } from '../graph/errors';

const key = 'pinnedImages';
const MOST_IMAGES = 24;

/** Images that are looked at again and again: by panels, and by every checkpoint of a training. */
export class Pins implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onChanged = this.#changed.event;

  constructor(private readonly memory: vscode.Memento) {}

  dispose(): void {
    this.#changed.dispose();
  }

  get images(): readonly string[] {
    return this.memory.get<readonly string[]>(key) ?? [];
  }

  /** Throws TOO_MANY_PINNED. */
  async add(images: readonly string[]): Promise<void> {
    const all = [...new Set([...this.images, ...images])];
    if (all.length > MOST_IMAGES) {
      throw new PrismError(
        'TOO_MANY_PINNED',
        vscode.l10n.t('At most {0} images can be pinned; unpin some first.', MOST_IMAGES),
      );
    }
    await this.#set(all);
  }

  remove(image: string): Promise<void> {
    return this.#set(this.images.filter((pinned) => pinned !== image));
  }

  clear(): Promise<void> {
    return this.#set([]);
  }

  async #set(images: readonly string[]): Promise<void> {
    await this.memory.update(key, images);
    this.#changed.fire();
  }
}
