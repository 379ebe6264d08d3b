import { css } from 'lit';

export const viewerStyles = css`
  :host {
    display: block;
    padding: 8px 12px;
  }

  header,
  .controls,
  label {
    align-items: center;
    display: flex;
    flex-wrap: wrap;
    gap: 6px;
  }

  header {
    margin-bottom: 8px;
  }

  header code {
    font-family: var(--numbers);
    max-width: 60%;
  }

  .room {
    flex: 1;
  }

  .controls {
    gap: 6px 16px;
    margin-bottom: 8px;
  }

  p {
    align-items: baseline;
    margin: 4px 0;
    overflow-wrap: anywhere;
  }

  .codicon {
    font-size: 14px;
    vertical-align: text-bottom;
  }

  .error {
    background: var(--vscode-inputValidation-errorBackground, transparent);
    border: 1px solid var(--vscode-inputValidation-errorBorder, var(--line));
    border-radius: 4px;
    color: var(--vscode-inputValidation-errorForeground, inherit);
    padding: 6px 8px;
    user-select: text;
  }

  .stage {
    border: 1px solid var(--line);
    display: flex;
    justify-content: center;
    max-height: 70vh;
  }

  .stage[data-status='stale'] canvas {
    opacity: 0.5;
  }

  canvas {
    display: block;
    min-height: 16px;
    min-width: 16px;
    width: 640px;
  }

  canvas.coarse {
    image-rendering: pixelated;
  }

  .readout {
    font-family: var(--numbers);
    min-height: 1.4em;
    white-space: pre;
  }

  input.end {
    background: var(--vscode-input-background);
    border: 1px solid var(--vscode-input-border, var(--line));
    color: var(--vscode-input-foreground);
    font: inherit;
    width: 7em;
  }

  input[type='range'] {
    accent-color: var(--vscode-progressBar-background, auto);
  }

  vscode-single-select {
    width: 120px;
  }

  table {
    border-collapse: collapse;
    color: inherit;
    font-size: 12px;
  }

  th {
    color: var(--quiet);
    font-weight: normal;
    text-align: end;
  }

  th[scope='row'] {
    text-align: start;
  }

  th,
  td {
    padding: 2px 10px 2px 0;
    text-align: end;
  }

  .odd {
    color: var(--vscode-editorWarning-foreground, inherit);
    font-weight: bold;
  }
`;
