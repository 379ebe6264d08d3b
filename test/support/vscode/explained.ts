import { PanelDriver } from '../panel-driver';
import type { Workbench } from './workbench';

/** The panel of the open explanation, once it has painted a map. */
export async function explained(workbench: Workbench, map = ''): Promise<PanelDriver> {
  const painted = map ? `canvas[data-map="${map}"][data-painted]` : 'canvas[data-pane="map"][data-painted]';
  return new PanelDriver(workbench.page, await workbench.webview(painted));
}
