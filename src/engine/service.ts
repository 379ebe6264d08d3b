import { replaceFile, writeAll } from '../graph/dataFile';
import { METHODS } from '../methods/index';
import type { EngineApi, Sheet, Unfit } from '../protocol';
import type { CallContext } from '../rpc';
import { pictureOfSheet } from './compare';
import { Engine } from './engine';
import { unfitMethods } from './fit';
import type { Model } from './model';

/** The engine with what an editor asks beside single explanations. */
export class Service extends Engine implements EngineApi {
  readonly #unfit = new WeakMap<Model, readonly Unfit[]>();

  async unfit({ model: path }: { model: string }, context?: CallContext): Promise<readonly Unfit[]> {
    const { result } = await this.work(
      path,
      async ({ model, request }) => {
        const known = this.#unfit.get(model) ?? (await unfitMethods(model, METHODS, request));
        this.#unfit.set(model, known);
        return known;
      },
      context,
    );
    return result;
  }

  async saveSheet({ path, sheet }: { path: string; sheet: Sheet }): Promise<void> {
    const picture = await pictureOfSheet(sheet);
    replaceFile(path, (file) => writeAll(file, picture, 0));
  }
}
