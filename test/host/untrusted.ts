import * as vscode from 'vscode';

let messages: string[] = [];

/** Errors that the extension has told since trust was taken away. */
export const told = (): readonly string[] => messages;

/** Does something while the extension believes that the workspace is not trusted. */
export async function withoutTrust<T>(work: () => PromiseLike<T>): Promise<T> {
  messages = [];
  const trust = Object.getOwnPropertyDescriptor(vscode.workspace, 'isTrusted');
  const tell = vscode.window.showErrorMessage;
  Object.defineProperty(vscode.workspace, 'isTrusted', { configurable: true, get: () => false });
  Object.defineProperty(vscode.window, 'showErrorMessage', {
    configurable: true,
    writable: true,
    value: async (message: string) => void messages.push(message),
  });
  try {
    return await work();
  } finally {
    if (trust) Object.defineProperty(vscode.workspace, 'isTrusted', trust);
    Object.defineProperty(vscode.window, 'showErrorMessage', { configurable: true, writable: true, value: tell });
  }
}
