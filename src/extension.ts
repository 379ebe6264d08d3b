import * as vscode from 'vscode';
import { attentionView } from './editor/attention';
import { Checkpoints } from './editor/checkpoints/checkpoints';
import { registerCommands } from './editor/commands';
import { DebugRoom } from './editor/debug/room';
import { ConfigDiagnostics } from './editor/diagnostics';
import { EngineRoom } from './editor/engine-room';
import { Evaluations } from './editor/evaluation/evaluations';
import { Explainer } from './editor/explain';
import { registerExportLenses } from './editor/export-model';
import { LayerPages } from './editor/layers';
import { MethodChoice } from './editor/methods';
import { MetricChoice } from './editor/metrics';
import { WorkspaceModels } from './editor/models';
import { networkView } from './editor/network';
import { LinkHandler } from './editor/panel-commands';
import { Panels } from './editor/panels';
import { AlikeSearches } from './editor/pfv/alike';
import { Pins } from './editor/pins';
import { RelevanceGutter } from './editor/source/gutter';
import { ImagePaths } from './editor/source/image-paths';
import { SourceLenses } from './editor/source/lenses';
import { NotebookPictures } from './editor/source/notebooks';
import { SourceTies } from './editor/source/ties';
import { Status } from './editor/status';
import { TokenPanels } from './editor/tokens/studies';
import { ModelComparisons } from './editor/two-models/comparisons';
import type { EngineClient } from './engine/client';
import type { ArrayState } from './protocol/array';
import type { AttentionState } from './protocol/attention';
import type { CheckpointState } from './protocol/checkpoints';
import type { ModelsState } from './protocol/models';
import type { NetworkState } from './protocol/network';
import type { PanelState } from './protocol/panel';
import type { ReportState } from './protocol/report';
import type { TokensState } from './protocol/tokens';

/** What the extension offers to others, and to tests. */
export interface ModelPrism {
  readonly engine: EngineClient;
  /** What the panels show, the one used last at the end. */
  panels(): readonly PanelState[];
  /** What the panels of evaluations show. */
  evaluations(): readonly ReportState[];
  /** What the panels of two models show. */
  comparisons(): readonly ModelsState[];
  /** What the panels of texts token by token show. */
  tokens(): readonly TokensState[];
  /** What the pictures of variables show. */
  variables(): readonly ArrayState[];
  /** What the network view shows; undefined while it is not open. */
  network(): NetworkState | undefined;
  /** What the view of attention shows; undefined while it is not open. */
  attention(): AttentionState | undefined;
  /** What the view of checkpoints shows. */
  checkpoints(): CheckpointState;
  /** Shows what a link to an explanation leads to. */
  open(link: vscode.Uri): Promise<void>;
}

/** Makes the rooms and hands each what it needs. */
export function activate(context: vscode.ExtensionContext): ModelPrism {
  const log = vscode.window.createOutputChannel('Model Prism', { log: true });
  const engine = new EngineRoom(context, log);
  const models = new WorkspaceModels(context.workspaceState);
  const methods = new MethodChoice(context.workspaceState, engine);
  const metrics = new MetricChoice(context.workspaceState, engine);
  const diagnostics = new ConfigDiagnostics();
  const pins = new Pins(context.workspaceState);
  const alike = new AlikeSearches(context, log, pins);
  const panels = new Panels({
    extension: context.extensionUri,
    extensionId: context.extension.id,
    engine,
    methods,
    metrics,
    pins,
    alike,
    diagnostics,
    log,
  });
  const explainer = new Explainer(models, methods, panels);
  const layers = new LayerPages(engine);
  const { extensionUri: extension } = context;
  const storage = context.storageUri ?? context.globalStorageUri;
  const evaluations = new Evaluations({ extension, engine, log }, { engine, models, methods, metrics, storage });
  const checkpoints = new Checkpoints({ context, log, engine, models, methods, panels, pins });
  const comparisons = new ModelComparisons({ extension, engine, panels, log, models, methods });
  const tokens = new TokenPanels({ extension, engine, methods, models, log });
  const networks = networkView({ extension, engine, panels, log });
  const attention = attentionView({ extension, engine, panels, log });
  const ties = new SourceTies(engine, panels, log);
  const links = new LinkHandler(engine, panels);
  context.subscriptions.push(vscode.window.registerUriHandler(links));
  const notebooks = new NotebookPictures(vscode.Uri.joinPath(storage, 'outputs').fsPath);
  context.subscriptions.push(ties, new SourceLenses(ties), new RelevanceGutter(ties), registerExportLenses());
  context.subscriptions.push(new ImagePaths(), notebooks);
  const status = new Status(engine, models, panels);
  const debug = new DebugRoom({ context, log, engine, models, methods, panels, explainer });
  context.subscriptions.push(
    debug,
    status,
    comparisons,
    tokens,
    networks,
    attention,
    evaluations,
    checkpoints,
    layers,
    panels,
    alike,
    diagnostics,
    pins,
    models,
    engine,
    log,
  );
  const rooms = {
    context,
    log,
    engine,
    models,
    methods,
    panels,
    explainer,
    layers,
    evaluations,
    checkpoints,
    comparisons,
    tokens,
    networks,
    attention,
    debug,
    ties,
    notebooks,
  };
  context.subscriptions.push(...registerCommands(rooms));
  return {
    engine: engine.client,
    panels: () => panels.all.map(({ state }) => state),
    evaluations: () => evaluations.all.map(({ state }) => state),
    variables: () => debug.states,
    checkpoints: () => checkpoints.state,
    open: (link) => links.open(link),
    comparisons: () => comparisons.all,
    tokens: () => tokens.all,
    network: () => networks.state,
    attention: () => attention.state,
  };
}
