import { commands } from './contributions';
import type { Panels } from './panels';

/** What is done with the panel used last. */
export function aboutPanels({ panels }: { readonly panels: Panels }) {
  return {
    [commands.goBack]: async (): Promise<void> => panels.current?.step(-1),
    [commands.goForward]: async (): Promise<void> => panels.current?.step(1),
  };
}
