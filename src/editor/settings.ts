import * as vscode from 'vscode';
import { type Settings, settingDefaults } from './contributions';

const section = 'modelPrism';

/** The value in force; a value of the wrong type counts as not set. */
export function setting<K extends keyof Settings>(key: K): Settings[K] {
  const fallback = settingDefaults[key];
  const value = vscode.workspace.getConfiguration(section).get<unknown>(key);
  const fits = typeof value === typeof fallback && value !== null && Array.isArray(value) === Array.isArray(fallback);
  // VS Code hands out proxies, which cannot be sent to another process.
  return fits ? (JSON.parse(JSON.stringify(value)) as Settings[K]) : fallback;
}

/** Calls the listener whenever one of these settings may have changed. */
export function onSettings(keys: readonly (keyof Settings)[], listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((change) => {
    if (keys.some((key) => change.affectsConfiguration(`${section}.${key}`))) listener();
  });
}
