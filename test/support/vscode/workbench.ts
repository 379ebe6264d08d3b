import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame, Locator, Page } from 'playwright-core';
import type { Settings } from './profile';
import { sleep, until } from './wait';
import type { VSCodeWindow } from './window';

/** Names of VS Code's own themes and the class that the workbench carries under each. */
export const themes = {
  dark: { name: 'Dark Modern', className: 'vs-dark' },
  light: { name: 'Light Modern', className: 'vs' },
  'high-contrast': { name: 'Default High Contrast', className: 'hc-black' },
  'high-contrast-light': { name: 'Default High Contrast Light', className: 'hc-light' },
} as const;

export type Theme = keyof typeof themes;

/**
 * The VS Code window as a person sees it. Every action is repeated until its effect shows: VS Code reports itself
 * ready before extensions have registered their commands, menus and languages.
 */
export class Workbench {
  readonly page: Page;
  /** What the window wrote to its console, oldest first. */
  readonly console: string[] = [];

  constructor(
    private readonly window: VSCodeWindow,
    readonly folder: string,
  ) {
    this.page = window.page;
    // A machine may be slow; what is not there after this long will not come.
    this.page.setDefaultTimeout(60_000);
    this.page.on('console', (message) => this.console.push(`${message.type()} ${message.text()}`));
  }

  /** Waits until the window shows its parts. Extensions and editors may still be on their way. */
  async ready(): Promise<this> {
    await this.page.locator('.monaco-workbench .part.statusbar .statusbar-item').first().waitFor({ timeout: 60_000 });
    return this;
  }

  /** Reloads the window, as after *Developer: Reload Window*. */
  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: 'domcontentloaded' });
    await this.ready();
  }

  private get quickInput(): Locator {
    return this.page.locator('.quick-input-widget input.input');
  }

  private quickRow(text: string): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
  }

  /** Opens the palette with a filter and returns whether a command with this title is offered. */
  private async findCommand(title: string): Promise<boolean> {
    await this.page.keyboard.press('Escape');
    await this.page.keyboard.press('F1');
    await this.quickInput.waitFor({ state: 'visible', timeout: 1500 });
    await this.quickInput.fill(`>${title}`);
    await this.quickRow(title).waitFor({ state: 'visible', timeout: 3000 });
    return true;
  }

  /** Waits until the palette offers a command, and closes it again. */
  async offersCommand(title: string): Promise<void> {
    await until(`the command ${title}`, () => this.findCommand(title), { timeout: 45_000 });
    await this.page.keyboard.press('Escape');
  }

  /** Runs a command from the palette by its full title, such as `Model Prism: Show Log`. */
  async command(title: string): Promise<void> {
    await until(
      `the command ${title}`,
      async () => {
        await this.findCommand(title);
        await this.page.keyboard.press('Enter');
        return true;
      },
      { timeout: 45_000 },
    );
  }

  /** Waits for a quick pick other than the palette and takes the first row that contains a text. */
  async pick(text: string): Promise<void> {
    await until(`the choice ${text}`, async () => {
      if ((await this.quickInput.inputValue({ timeout: 1000 })).startsWith('>')) return false;
      await this.quickRow(text).click({ timeout: 1000 });
      return true;
    });
  }

  /** The rows that a quick pick shows. */
  async choices(): Promise<string[]> {
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    await rows.first().waitFor();
    return rows.allInnerTexts();
  }

  /** Types into an input box and accepts it. */
  async answer(text: string): Promise<void> {
    await until('an input box', async () => {
      return (await this.quickInput.isVisible()) && !(await this.quickInput.inputValue()).startsWith('>');
    });
    await this.quickInput.fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** A row of the Explorer by file name. */
  row(name: string): Locator {
    const row = this.page.locator('.explorer-folders-view .monaco-list-row');
    return row.filter({ has: this.page.getByText(name, { exact: true }) }).first();
  }

  /** Unfolds folders of the Explorer, outermost first, until a row is there. Folders in one line count as one. */
  async reveal(file: string): Promise<Locator> {
    const parts = file.split('/');
    for (const [index, name] of parts.entries()) {
      const row = this.row(name);
      await row.waitFor({ timeout: 60_000 });
      if (index < parts.length - 1) {
        await until(`the folder ${name} to unfold`, async () => {
          if ((await row.getAttribute('aria-expanded')) === 'true') return true;
          await row.click({ timeout: 3000 });
          await sleep(150);
          return false;
        });
      }
    }
    return this.row(parts.at(-1) ?? file);
  }

  /**
   * Right-clicks a file of the Explorer and takes an item of its menu. Several items are a path through submenus.
   * @param file path below the folder, such as `photographs/cat.png`
   */
  async contextMenu(file: string, ...items: readonly [string, ...string[]]): Promise<void> {
    const row = await this.reveal(file);
    await until(
      `the menu item ${items.join(' → ')}`,
      async () => {
        await row.click({ button: 'right', timeout: 5000 });
        for (const [index, name] of items.entries()) {
          const item = this.page.getByRole('menuitem', { name }).last();
          try {
            await item.waitFor({ state: 'visible', timeout: 1500 });
            if (index < items.length - 1) await item.hover({ timeout: 2000 });
            else await this.takeItem(item);
          } catch (error) {
            for (const _ of items) await this.page.keyboard.press('Escape');
            throw error;
          }
        }
        return true;
      },
      { timeout: 60_000, every: 250 },
    );
  }

  /**
   * Clicks an item of a menu of VS Code's until the menu is gone: one that has just opened takes no clicks for a tenth
   * of a second, and one that took a click may need its time to go.
   * @returns when the item was clicked, in milliseconds since 1970
   */
  takeItem(item: Locator): Promise<number> {
    let clicked = 0;
    return until(
      'the menu to take a click',
      async () => {
        if (clicked > 0 && !(await item.isVisible())) return clicked;
        clicked = Date.now();
        await item.click({ timeout: 1000 });
        await item.waitFor({ state: 'hidden', timeout: 300 });
        return clicked;
      },
      { timeout: 5000 },
    );
  }

  /** Opens a file of the Explorer in an editor. */
  async openFile(file: string): Promise<void> {
    const row = await this.reveal(file);
    await row.dblclick();
    await this.page.locator(`.tab.active[data-resource-name="${path.posix.basename(file)}"]`).waitFor();
  }

  /** Waits for an item of the status bar whose text matches, and returns the text. */
  async status(pattern: RegExp, timeout = 30_000): Promise<string> {
    const probe = async () => {
      const texts = await this.page.locator('.statusbar-item').allInnerTexts();
      return texts.map((text) => text.trim()).find((text) => pattern.test(text));
    };
    return until(`${pattern} in the status bar`, probe, { timeout });
  }

  /** Waits for a notification that contains a text and returns it; its buttons are found by role. */
  async notification(text: string | RegExp, timeout = 30_000): Promise<Locator> {
    const toast = this.page.locator('.notification-list-item').filter({ hasText: text }).first();
    await toast.waitFor({ timeout });
    return toast;
  }

  /** Waits for a modal dialog that contains a text and returns it; its buttons are found by role. */
  async dialog(text: string | RegExp, timeout = 30_000): Promise<Locator> {
    const dialog = this.page.locator('.monaco-dialog-box').filter({ hasText: text });
    await dialog.waitFor({ timeout });
    return dialog;
  }

  /**
   * The document of a visible webview.
   * @param containing a selector that tells the wanted webview from others
   */
  async webview(containing = 'body', timeout = 60_000): Promise<Frame> {
    return until(
      `a webview with ${containing}`,
      async () => {
        for (const frame of this.page.frames()) {
          const element = await frame.frameElement().catch(() => undefined);
          if ((await element?.getAttribute('id')) !== 'active-frame') continue;
          if (!(await element?.isVisible())) continue;
          if ((await frame.locator(containing).count()) > 0) return frame;
        }
        return undefined;
      },
      { timeout },
    );
  }

  /** Changes settings of the workspace and leaves the others as they are. A value of undefined removes one. */
  updateSettings(settings: Settings): void {
    const file = path.join(this.folder, '.vscode', 'settings.json');
    const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Settings) : {};
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ ...before, ...settings }, undefined, 2));
  }

  /** Switches the colour theme and waits until the window wears it. */
  async theme(theme: Theme): Promise<void> {
    const { name, className } = themes[theme];
    this.updateSettings({ 'workbench.colorTheme': name });
    await this.page.locator(`.monaco-workbench.${className}`).waitFor();
  }

  /** Writes a picture of the window. */
  async screenshot(file: string): Promise<void> {
    await this.page.screenshot({ path: file });
  }

  /** Writes a picture of the window, its console and VS Code's logs into a folder. */
  async saveState(folder: string): Promise<void> {
    this.window.saveLogs(folder);
    writeFileSync(path.join(folder, 'console.log'), this.console.join('\n'));
    await this.screenshot(path.join(folder, 'window.png'));
  }

  async close(): Promise<void> {
    await this.window.close();
  }
}
