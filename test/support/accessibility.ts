import { type AxeResults, source } from 'axe-core';
import type { Page } from 'playwright-core';

/** Rules about documents of their own, which a part of an editor is not. */
export const ofDocuments: readonly string[] = ['landmark-one-main', 'page-has-heading-one', 'region'];

/** What keeps somebody from reading a page, each with where. */
export async function barriers(page: Page, except: readonly string[] = []): Promise<string[]> {
  await page.evaluate(source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<Pick<AxeResults, 'violations'>> } }).axe.run(),
  );
  return violations
    .filter(({ id }) => !except.includes(id))
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join('; ')}`,
    );
}
