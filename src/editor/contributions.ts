import type { OptionValues } from '../protocol';

/**
 * Everything that package.json and the code must call by the same name. A unit test holds the two together, so a name
 * that is only in one of them fails there.
 */

/** Commands with a title of their own. */
export const commands = {
  explain: 'modelPrism.explain',
  explainInNewPanel: 'modelPrism.explainInNewPanel',
  explainImage: 'modelPrism.explainImage',
  explainActiveImage: 'modelPrism.explainActiveImage',
  explainText: 'modelPrism.explainText',
  explainTokens: 'modelPrism.explainTokens',
  explainRow: 'modelPrism.explainRow',
  compareMethods: 'modelPrism.compareMethods',
  goBack: 'modelPrism.goBack',
  goForward: 'modelPrism.goForward',
  copyLink: 'modelPrism.copyLink',
  exportReport: 'modelPrism.exportReport',
  judgeMap: 'modelPrism.judgeMap',
  evaluateFolder: 'modelPrism.evaluateFolder',
  evaluateFile: 'modelPrism.evaluateFile',
  chooseModel: 'modelPrism.chooseModel',
  chooseMethod: 'modelPrism.chooseMethod',
  useModel: 'modelPrism.useModel',
  showLayers: 'modelPrism.showLayers',
  writeConfig: 'modelPrism.writeConfig',
  openSample: 'modelPrism.openSample',
  quickActions: 'modelPrism.quickActions',
  restartEngine: 'modelPrism.restartEngine',
  showLog: 'modelPrism.showLog',
  cancel: 'modelPrism.cancel',
  compareModels: 'modelPrism.compareModels',
  pinImage: 'modelPrism.pinImage',
  unpinImages: 'modelPrism.unpinImages',
  watchCheckpoints: 'modelPrism.watchCheckpoints',
  clearCheckpoints: 'modelPrism.clearCheckpoints',
  viewVariable: 'modelPrism.viewVariable',
  explainVariable: 'modelPrism.explainVariable',
  lossGradient: 'modelPrism.lossGradient',
  showChanges: 'modelPrism.showChanges',
  showNetwork: 'modelPrism.showNetwork',
  showAttention: 'modelPrism.showAttention',
  showLayer: 'modelPrism.showLayer',
  goToCode: 'modelPrism.goToCode',
  explainCell: 'modelPrism.explainCell',
  exportPyTorch: 'modelPrism.exportPyTorch',
  exportKeras: 'modelPrism.exportKeras',
} as const;

export type CommandId = (typeof commands)[keyof typeof commands];

export const methodPrefix = 'modelPrism.explainWith.';

/** The command of the method submenu that explains by one method. */
export const methodCommand = (method: string): string => `${methodPrefix}${method}`;

/** Settings by their key below `modelPrism.`, with their defaults. */
export interface Settings {
  readonly provider: 'auto' | 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml';
  readonly models: readonly string[];
  readonly defaultMethod: string;
  readonly methodOptions: Readonly<Record<string, OptionValues>>;
  readonly alikeImages: number;
  readonly checkpoints: string;
  readonly sameReason: number;
  readonly python: string;
  readonly 'source.codeLens': boolean;
  readonly 'source.inlayHints': boolean;
  readonly 'source.followCursor': boolean;
  readonly 'source.gutter': boolean;
  readonly 'source.imageLens': boolean;
  readonly 'cache.enabled': boolean;
  readonly 'cache.directory': string;
}

export const settingDefaults: Settings = {
  provider: 'auto',
  models: ['**/*.onnx'],
  defaultMethod: 'srd',
  // The contrast to the average place separates object from background best: what a person sees first.
  methodOptions: { srd: { contrastive: true } },
  alikeImages: 24,
  checkpoints: '',
  sameReason: 0.5,
  python: '',
  'source.codeLens': true,
  'source.inlayHints': false,
  'source.followCursor': false,
  'source.gutter': false,
  'source.imageLens': true,
  'cache.enabled': true,
  'cache.directory': '',
};

/** What `when` clauses of package.json ask for. */
export const contextKeys = {
  /** An explanation is being computed. */
  working: 'modelPrism.working',
  /** The panel used last has something to go back to, or forward. */
  canGoBack: 'modelPrism.canGoBack',
  canGoForward: 'modelPrism.canGoForward',
} as const;

/** Pictures that the menus are offered on. */
export const imageExtensions = ['png', 'jpg', 'jpeg', 'webp', 'tif', 'tiff', 'bmp', 'gif', 'avif'] as const;

/** The view of checkpoints, beside the terminal. */
export const checkpointsViewType = 'modelPrism.checkpoints';

/** The panel's type: activation and the restoring of panels go by it. */
export const panelViewType = 'modelPrism.explanation';

/** The type of the panels that show evaluations. */
export const evaluationViewType = 'modelPrism.evaluation';
