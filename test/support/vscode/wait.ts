export const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/**
 * Polls until `probe` returns something truthy and returns that. An exception counts as "not yet".
 * @throws Error naming `what` and the last exception when `timeout` milliseconds have passed
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { timeout = 30_000, every = 100 }: { timeout?: number; every?: number } = {},
): Promise<Exclude<Awaited<T>, false | null | undefined | '' | 0>> {
  const end = performance.now() + timeout;
  let last: unknown;
  for (;;) {
    try {
      const result = await probe();
      if (result) return result as Exclude<Awaited<T>, false | null | undefined | '' | 0>;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      const reason = last instanceof Error ? ` (${last.message.split('\n')[0]})` : '';
      throw new Error(`waited ${timeout} ms for ${what}${reason}`);
    }
    await sleep(every);
  }
}
