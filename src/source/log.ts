import { type Item, mergeItems, repeatItems } from './values';

/** What code makes in the order in which it makes it, as a regular expression over it: branches and loops are not run. */
export class Log {
  items: readonly Item[] = [];

  note(item: Item): void {
    this.items = [...this.items, item];
  }

  /** Of what may run or not. */
  maybe<T>(run: () => T): T {
    return this.#around(run, mergeItems);
  }

  /** Of what may run any number of times. */
  repeated<T>(run: () => T): T {
    return this.#around(run, repeatItems);
  }

  #around<T>(run: () => T, join: typeof mergeItems): T {
    const before = this.items;
    const result = run();
    this.items = join(before, this.items);
    return result;
  }
}
