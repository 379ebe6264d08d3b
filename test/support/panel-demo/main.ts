// Serves the panel with a fake host, to develop it in a browser: node scripts/run-typescript.mjs test/support/panel-demo/main.ts
import { serveDemo } from './site';

void serveDemo(Number(process.env.PORT ?? 8123)).then(({ address }) => {
  console.log(`${address}?theme=dark (light, high-contrast, high-contrast-light; start=empty; explain=2000)`);
});
