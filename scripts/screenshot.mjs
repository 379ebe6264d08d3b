// Packs the extension and draws the README's pictures.
import { packageExtension } from './package.mjs';
import { runTypeScript } from './run-typescript.mjs';
import { runMain } from './tools.mjs';

await runMain(async () => {
  await packageExtension();
  process.exitCode = await runTypeScript('scripts/screenshot.ts');
});
