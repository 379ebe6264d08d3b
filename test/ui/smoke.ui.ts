import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { useWorkbench } from '../support/vscode/use-workbench';

interface Manifest {
  readonly contributes?: {
    readonly commands?: readonly { readonly title: string; readonly category?: string }[];
    readonly menus?: { readonly commandPalette?: readonly { readonly command: string; readonly when: string }[] };
  };
}

const manifest = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '..', '..', 'package.json'), 'utf8'),
) as Manifest;

describe('the packaged extension', () => {
  const workbench = useWorkbench(() => ({ workspace: 'media/sample' }));

  test('offers its commands in the palette', async () => {
    const commands = manifest.contributes?.commands ?? [];
    expect(commands.map(({ category }) => category)).toContain('Model Prism');
    await workbench().offersCommand('Model Prism: Restart Engine');
  });
});
