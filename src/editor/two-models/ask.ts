import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import type { ModelsQuestion } from '../../protocol/models';
import { activeImage, pickImage } from '../images';
import type { MethodChoice } from '../methods';
import type { WorkspaceModels } from '../models';
import type { Panels } from '../panels';
import { modelFor } from '../pick-model';

export interface AskRooms {
  readonly models: WorkspaceModels;
  readonly methods: MethodChoice;
  readonly panels: Panels;
}

/** Lets the person choose the model that another one is compared with; undefined when they do not. */
async function pickOther(models: WorkspaceModels, first: string): Promise<string | undefined> {
  const items = models.find().then((found) => [
    ...found
      .filter((file) => file !== first)
      .map((file) => ({
        file,
        label: path.basename(file),
        description: path.dirname(vscode.workspace.asRelativePath(file)),
        iconPath: new vscode.ThemeIcon('circuit-board'),
      })),
    { file: undefined, label: vscode.l10n.t('Browse…'), iconPath: new vscode.ThemeIcon('folder-opened') },
  ]);
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Compare {0} with which model?', path.basename(first)),
    placeHolder: vscode.l10n.t('Another state of it: before and after training, float and quantised'),
    matchOnDescription: true,
  });
  if (!picked || picked.file !== undefined) return picked?.file;
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Choose an ONNX model'),
    openLabel: vscode.l10n.t('Compare'),
    filters: { ONNX: ['onnx'] },
  });
  return chosen?.[0]?.fsPath;
}

/** Asks for what was not given: two models, and the image that is open or one of the workspace. */
export async function askForModels(
  { models, methods, panels }: AskRooms,
  given: readonly vscode.Uri[],
): Promise<ModelsQuestion | undefined> {
  const files = given.map(({ fsPath }) => fsPath).filter((file) => path.extname(file).toLowerCase() === '.onnx');
  const open = panels.current?.question;
  const first = files[0] ?? open?.model ?? (await modelFor(models));
  if (first === undefined) return undefined;
  const second = files[1] ?? (await pickOther(models, first));
  if (second === undefined) return undefined;
  if (path.resolve(first) === path.resolve(second)) {
    throw new PrismError('SAME_MODEL', vscode.l10n.t('{0} cannot be compared with itself.', path.basename(first)));
  }
  const image = open?.image ?? activeImage()?.fsPath ?? (await pickImage())?.fsPath;
  if (image === undefined) return undefined;
  const method = methods.current;
  return { models: [first, second], image, method, options: methods.options(method) };
}
