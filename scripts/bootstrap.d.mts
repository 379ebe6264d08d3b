/** Programs of the browser-driven set-up; they exist once `bootstrap()` has returned `server`. */
export const tools: {
  readonly node: string;
  readonly codeServer: string;
  readonly python: string;
  readonly chromium: string | undefined;
};

/** Installs what is missing and tells how tests reach a VS Code on this machine. */
export function bootstrap(): { kind: 'server' } | { kind: 'desktop'; reason: string };
