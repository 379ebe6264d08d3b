import * as vscode from 'vscode';
import { registerCommands } from './editor/commands';
import { ConfigDiagnostics } from './editor/diagnostics';
import { EngineRoom } from './editor/engine-room';
import { Explainer } from './editor/explain';
import { LayerPages } from './editor/layers';
import { MethodChoice } from './editor/methods';
import { WorkspaceModels } from './editor/models';
import { Panels } from './editor/panels';
import { Status } from './editor/status';
import type { EngineClient } from './engine/client';
import type { PanelState } from './protocol';

/** What the extension offers to others, and to tests. */
export interface ModelPrism {
  readonly engine: EngineClient;
  /** What the panels show, the one used last at the end. */
  panels(): readonly PanelState[];
}

/** Makes the rooms and hands each what it needs. */
export function activate(context: vscode.ExtensionContext): ModelPrism {
  const log = vscode.window.createOutputChannel('Model Prism', { log: true });
  const engine = new EngineRoom(context, log);
  const models = new WorkspaceModels(context.workspaceState);
  const methods = new MethodChoice(context.workspaceState, engine);
  const diagnostics = new ConfigDiagnostics();
  const panels = new Panels({ extension: context.extensionUri, engine, methods, diagnostics, log });
  const explainer = new Explainer(models, methods, panels);
  const layers = new LayerPages(engine);
  const status = new Status(engine, models, panels);
  context.subscriptions.push(status, layers, panels, diagnostics, models, engine, log);
  context.subscriptions.push(...registerCommands({ context, log, engine, models, methods, panels, explainer, layers }));
  return { engine: engine.client, panels: () => panels.all.map(({ state }) => state) };
}
