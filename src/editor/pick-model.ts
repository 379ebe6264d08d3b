import { readFile, stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { parseConfig } from '../inputs/config';
import { discover } from '../inputs/discover';
import { commands } from './contributions';
import type { WorkspaceModels } from './models';

interface ModelItem extends vscode.QuickPickItem {
  /** Full path of a model. */
  readonly file?: string;
  /** What else it stands for. */
  readonly other?: 'automatic' | 'browse';
}

/** What the files beside a model say it is for. */
async function taskOf(model: string): Promise<string | undefined> {
  const { config } = await discover(model);
  if (config === undefined) return undefined;
  try {
    return parseConfig(await readFile(config, 'utf8')).config?.task;
  } catch {
    return undefined;
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toPrecision(3)} MB`;

async function itemOf(file: string, chosen: string | undefined): Promise<ModelItem> {
  const [{ size }, task] = await Promise.all([stat(file), taskOf(file)]);
  const folder = path.dirname(vscode.workspace.asRelativePath(file));
  const facts = [megabytes(size), task, file === chosen ? vscode.l10n.t('in use') : undefined];
  return {
    file,
    label: path.basename(file),
    description: facts.filter((fact) => fact !== undefined).join(' · '),
    ...(folder !== '.' && { detail: folder }),
    iconPath: new vscode.ThemeIcon('circuit-board'),
  };
}

async function browse(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Choose an ONNX model'),
    openLabel: vscode.l10n.t('Use This Model'),
    filters: { ONNX: ['onnx'] },
  });
  return chosen?.[0]?.fsPath;
}

async function itemsOf(models: WorkspaceModels): Promise<ModelItem[]> {
  const { chosen } = models;
  const found = await Promise.all((await models.find()).map((file) => itemOf(file, chosen)));
  const automatic: ModelItem = {
    other: 'automatic',
    label: vscode.l10n.t('Automatic'),
    detail: vscode.l10n.t('The model that a picture lies with. Where that is open, you are asked.'),
    iconPath: new vscode.ThemeIcon('wand'),
  };
  const browsing: ModelItem = {
    other: 'browse',
    label: vscode.l10n.t('Browse…'),
    iconPath: new vscode.ThemeIcon('folder-opened'),
  };
  return [...found, ...(chosen !== undefined && found.length > 1 ? [automatic] : []), browsing];
}

/** Lets the person choose a model and remembers it; undefined when they do not choose one. */
export async function pickModel(models: WorkspaceModels): Promise<string | undefined> {
  const picked = await vscode.window.showQuickPick(itemsOf(models), {
    title: vscode.l10n.t('Which model?'),
    placeHolder: vscode.l10n.t('It is remembered for this workspace; “Model Prism: Choose Model…” changes it.'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (picked?.other === 'automatic') await models.choose(undefined);
  const file = picked?.other === 'browse' ? await browse() : picked?.file;
  if (file !== undefined) await models.choose(file);
  return file;
}

/**
 * The model for a text or a row: one whose settings say that it takes such, of several the one beside the file, else the
 * only one for the first task that there is any for.
 */
export async function modelForTask(
  models: WorkspaceModels,
  tasks: readonly string[],
  file: string | undefined,
): Promise<string | undefined> {
  const found = await Promise.all((await models.find()).map(async (model) => ({ model, task: await taskOf(model) })));
  const able = found.filter(({ task }) => task !== undefined && tasks.includes(task)).map(({ model }) => model);
  // Of a model without settings nobody knows what it takes before it is read.
  const open = found.filter(({ task }) => task === undefined).map(({ model }) => model);
  const candidates = able.length > 0 ? able : open;
  const { chosen } = models;
  if (chosen !== undefined && candidates.includes(chosen)) return chosen;
  if (candidates.length === 1) return candidates[0];
  const beside = file === undefined ? undefined : models.beside(file, candidates);
  const first = tasks.map((wanted) => found.filter(({ task }) => task === wanted)).find((of) => of.length > 0);
  if (beside === undefined && first?.length === 1) return first[0].model;
  return beside ?? (found.length > 0 ? pickModel(models) : modelFor(models));
}

/** The model for a picture, or for a command about the model: asks only when there is a choice that was not made. */
export async function modelFor(models: WorkspaceModels, image?: string): Promise<string | undefined> {
  const evident = await models.evident(image);
  if (evident !== undefined) return evident;
  if ((await models.find()).length > 0) return pickModel(models);
  const choose = vscode.l10n.t('Choose a File…');
  const sample = vscode.l10n.t('Open Sample Workspace');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('There is no ONNX model in this workspace. Put one into it, or choose a file from elsewhere.'),
    choose,
    sample,
  );
  if (answer === sample) await vscode.commands.executeCommand(commands.openSample);
  if (answer !== choose) return undefined;
  const file = await browse();
  if (file !== undefined) await models.choose(file);
  return file;
}
