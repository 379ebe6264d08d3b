import * as vscode from 'vscode';
import { PrismError } from '../graph/errors';
import type { EngineApi } from '../protocol/service';
import type { Client } from '../rpc';

const show = async (file: string): Promise<void> => {
  await vscode.window.showTextDocument(vscode.Uri.file(file), { viewColumn: vscode.ViewColumn.One });
};

/** Writes what was found out about a model beside it, and opens the file; opens the one that is there already. */
export async function writeConfig(api: Client<EngineApi>, model: string): Promise<void> {
  try {
    await show(await api.writeConfig({ model }));
  } catch (error) {
    const exists = error instanceof PrismError && error.code === 'CONFIG_EXISTS';
    if (!exists || typeof error.details.file !== 'string') throw error;
    await show(error.details.file);
  }
}

/** Opens the settings of a model, which are written first where there are none. */
export async function openConfig(api: Client<EngineApi>, model: string): Promise<void> {
  const { configPath } = await api.model({ path: model });
  if (configPath !== undefined) await show(configPath);
  else await writeConfig(api, model);
}
