/**
 * Writes the methods into the manifest: their commands, the submenu, the choices of the setting.
 *   npm run manifest
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { methodCommand, methodPrefix } from '../src/editor/contributions';
import { METHODS } from '../src/methods/index';

interface Item {
  readonly command?: string;
  readonly when?: string;
  readonly group?: string;
}

interface Manifest {
  readonly contributes: {
    commands: readonly Item[];
    readonly menus: Record<string, readonly Item[]>;
    readonly configuration: { readonly properties: Record<string, object> };
  };
}

const ofMethod = ({ command }: Item): boolean => command?.startsWith(methodPrefix) === true;
const isOther = (item: Item): boolean => !ofMethod(item);

function edit<T>(file: string, change: (content: T) => T): void {
  writeFileSync(file, `${JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')) as T), undefined, 2)}\n`);
}

const ids = METHODS.map(({ info }) => info.id);
const titleKey = (id: string): string => `command.explainWith.${id}`;

/** Families are divided by lines, in the order in which they first appear; groups are sorted by name. */
const families = [...new Set(METHODS.map(({ info }) => info.family))];
const group = (index: number): string => {
  const { family } = METHODS[index].info;
  return `${1 + families.indexOf(family)}_${family}@${1 + index}`;
};

edit<Manifest>('package.json', (manifest) => {
  const { contributes } = manifest;
  const { menus, configuration } = contributes;
  const setting = 'modelPrism.defaultMethod';
  contributes.commands = [
    ...contributes.commands.filter(isOther),
    ...ids.map((id) => ({
      command: methodCommand(id),
      title: `%${titleKey(id)}%`,
      category: 'Model Prism',
      enablement: 'isWorkspaceTrusted',
    })),
  ];
  menus['modelPrism.methods'] = [
    ...ids.map((id, i) => ({ command: methodCommand(id), group: group(i) })),
    ...menus['modelPrism.methods'].filter(isOther),
  ];
  menus.commandPalette = [
    ...menus.commandPalette.filter(isOther),
    ...ids.map((id) => ({ command: methodCommand(id), when: 'false' })),
  ];
  const labels = METHODS.map(({ info }) => info.title);
  configuration.properties[setting] = { ...configuration.properties[setting], enum: ids, enumItemLabels: labels };
  return manifest;
});

edit<Record<string, string>>('package.nls.json', (texts) => ({
  ...Object.fromEntries(Object.entries(texts).filter(([key]) => !key.startsWith(titleKey('')))),
  ...Object.fromEntries(METHODS.map(({ info }) => [titleKey(info.id), info.title])),
}));
