/** How this machine reaches a VS Code; found once a run by the global set-up and read by every suite. */
export type Machine =
  | {
      readonly kind: 'server';
      /** Node 24, which code-server runs on. */
      readonly node: string;
      readonly codeServer: string;
      readonly chromium: string;
      /** Holds the installed VSIX. */
      readonly extensions: string;
    }
  | {
      readonly kind: 'desktop';
      /** The VS Code that @vscode/test-electron fetched. */
      readonly executable: string;
      readonly extensions: string;
    };
