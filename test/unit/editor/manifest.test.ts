import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import nls from '../../../package.nls.json';
import { collectTexts } from '../../../scripts/l10n.mjs';
import {
  commands,
  contextKeys,
  evaluationViewType,
  imageExtensions,
  methodCommand,
  panelViewType,
  settingDefaults,
} from '../../../src/editor/contributions';
import { PROVIDER_WISHES } from '../../../src/engine/provider';
import { METHODS } from '../../../src/methods/index';

interface MenuItem {
  readonly command?: string;
  readonly submenu?: string;
  readonly when?: string;
}

interface Manifest {
  readonly activationEvents: readonly string[];
  readonly capabilities: { readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] } };
  readonly icon: string;
  readonly contributes: {
    readonly commands: readonly {
      readonly command: string;
      readonly title: string;
      readonly category: string;
      readonly enablement?: string;
      readonly icon?: string | { readonly light: string; readonly dark: string };
    }[];
    readonly submenus: readonly { readonly id: string }[];
    readonly menus: Readonly<Record<string, readonly MenuItem[]>>;
    readonly configuration: {
      readonly properties: Readonly<Record<string, { readonly default: unknown; readonly enum?: readonly string[] }>>;
    };
    readonly walkthroughs: readonly {
      readonly id: string;
      readonly steps: readonly { readonly media: { readonly image: string } }[];
    }[];
  };
}

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const text = readFileSync(path.join(root, 'package.json'), 'utf8');
const manifest = JSON.parse(text) as Manifest;
const { contributes } = manifest;
const methods = METHODS.map(({ info }) => info.id);
const titles = nls as Readonly<Record<string, string>>;

describe('commands', () => {
  const ids = [...Object.values(commands), ...methods.map(methodCommand)];

  test('are the same in the manifest and in the code', () => {
    expect(contributes.commands.map(({ command }) => command).sort()).toEqual([...ids].sort());
  });

  test('stand under the category that the palette shows', () => {
    expect(new Set(contributes.commands.map(({ category }) => category))).toEqual(new Set(['Model Prism']));
  });

  test('of menus exist', () => {
    const menus = Object.values(contributes.menus).flat();
    const submenus = contributes.submenus.map(({ id }) => id);
    expect(menus.length).toBeGreaterThan(10);
    for (const { command, submenu } of menus) {
      if (command !== undefined) expect(ids).toContain(command);
      if (submenu !== undefined) expect(submenus).toContain(submenu);
    }
  });

  test('of links in the walkthrough exist', () => {
    const links = Object.values(titles).flatMap((value) => [...value.matchAll(/\(command:([\w.-]+)\)/g)]);
    expect(links.length).toBeGreaterThan(3);
    for (const [, command] of links) expect(ids).toContain(command);
  });

  test('that are activated by name exist', () => {
    const steps = [...text.matchAll(/"onCommand:([\w.-]+)"/g)];
    expect(steps.length).toBeGreaterThan(3);
    for (const [, command] of steps) expect(ids).toContain(command);
  });
});

const hint = 'npm run manifest writes the methods into the manifest';

describe('methods', () => {
  test('are offered by the submenu under their titles, in the engine’s order', () => {
    const offered = contributes.menus['modelPrism.methods'].map(({ command }) => command);
    expect(offered.slice(0, methods.length), hint).toEqual(methods.map(methodCommand));
    for (const { info } of METHODS) expect(titles[`command.explainWith.${info.id}`]).toBe(info.title);
  });
});

describe('settings', () => {
  const { properties } = contributes.configuration;

  test('have the defaults that the code has', () => {
    const declared = Object.entries(properties).map(([key, property]) => [key, property.default]);
    const known = Object.entries(settingDefaults).map(([key, value]) => [`modelPrism.${key}`, value]);
    expect(Object.fromEntries(declared)).toEqual(Object.fromEntries(known));
  });

  test('offer the providers and methods that there are', () => {
    expect(properties['modelPrism.provider'].enum).toEqual(PROVIDER_WISHES);
    expect(properties['modelPrism.defaultMethod'].enum).toEqual(methods);
  });

  test('that are restricted exist', () => {
    for (const key of manifest.capabilities.untrustedWorkspaces.restrictedConfigurations) {
      expect(Object.keys(properties)).toContain(key);
    }
  });

  test('that name files or programs are restricted', () => {
    const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    for (const key of ['python', 'models', 'checkpoints', 'cache.directory'])
      expect(restrictedConfigurations).toContain(`modelPrism.${key}`);
  });
});

describe('a workspace that is not trusted', () => {
  test('is offered no command but those that open, run and start nothing', () => {
    const offered = contributes.commands
      .filter(({ enablement }) => !enablement?.includes('isWorkspaceTrusted'))
      .map(({ command }) => command.replace('modelPrism.', ''));
    expect(offered.sort()).toEqual(
      [
        ...['goBack', 'goForward', 'copyLink', 'exportReport', 'cancel'],
        ...['openSample', 'quickActions', 'showLog', 'unpinImages', 'clearCheckpoints'],
      ].sort(),
    );
  });
});

describe('conditions', () => {
  const conditions = [...text.matchAll(/"(?:when|enablement)": "([^"]*)"/g)].map(([, condition]) => condition);

  test('use context keys that the code sets', () => {
    const used = conditions.flatMap((condition) => condition.match(/(?<!== )modelPrism\.\w+/g) ?? []);
    expect(used.length).toBeGreaterThan(0);
    for (const key of used) expect(Object.values(contextKeys)).toContain(key);
  });

  test('offer explanations on the pictures that the code takes', () => {
    const patterns = conditions.flatMap((condition) => condition.match(/resourceExtname =~ \/[^/]*\/i/g) ?? []);
    expect(patterns.length).toBeGreaterThan(3);
    const expected = `resourceExtname =~ /^\\\\.(${imageExtensions.join('|')})$/i`;
    expect(new Set(patterns)).toEqual(new Set([expected]));
  });
});

describe('the rest', () => {
  test('panels are restored by the name that they are opened by', () => {
    for (const type of [panelViewType, evaluationViewType]) {
      expect(manifest.activationEvents).toContain(`onWebviewPanel:${type}`);
    }
    expect(text).toContain(`activeWebviewPanelId == ${panelViewType}`);
  });

  test('files that are named exist', () => {
    const icons = contributes.commands.flatMap(({ icon }) => (typeof icon === 'object' ? [icon.light, icon.dark] : []));
    const pictures = contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.image));
    for (const file of [manifest.icon, ...icons, ...pictures])
      expect(existsSync(path.join(root, file)), file).toBe(true);
  });

  test('every text of the manifest is there, and none too many', () => {
    const used = [...text.matchAll(/"%([\w.+-]+)%"/g)].map(([, key]) => key);
    expect([...new Set(used)].sort()).toEqual(Object.keys(nls).sort());
  });

  test('the bundle for translators holds every text of extension and panel', () => {
    const bundle = JSON.parse(readFileSync(path.join(root, 'l10n', 'bundle.l10n.json'), 'utf8')) as object;
    expect(Object.keys(bundle), 'npm run l10n makes it').toEqual(collectTexts());
  });
});
