import { css } from 'lit';

export const checkpointStyles = css`
  :host {
    display: flex;
    height: 100vh;
    overflow: hidden;
  }

  .empty {
    align-self: center;
    display: grid;
    gap: 8px;
    justify-items: start;
    margin: 0 auto;
    max-width: 60ch;
    padding: 16px;
  }

  .strip {
    flex: 1;
    min-width: 0;
    overflow: auto;
  }

  table {
    border-collapse: separate;
    border-spacing: 4px;
  }

  th {
    font-weight: normal;
    text-align: start;
  }

  thead th {
    background: var(--vscode-panel-background, var(--vscode-editor-background));
    max-width: 84px;
    position: sticky;
    top: 0;
    z-index: 1;
  }

  .image {
    align-items: center;
    background: var(--vscode-panel-background, var(--vscode-editor-background));
    display: flex;
    gap: 6px;
    left: 0;
    padding-inline-end: 8px;
    position: sticky;
    width: 200px;
    z-index: 1;
  }

  .image img {
    height: 40px;
    object-fit: cover;
    width: 40px;
  }

  .image .ellipsis {
    flex: 1;
    min-width: 0;
  }

  button.cell {
    background: none;
    border: 1px solid var(--line);
    color: inherit;
    cursor: pointer;
    display: grid;
    font: inherit;
    font-size: 11px;
    gap: 1px;
    padding: 2px;
    text-align: start;
    width: 84px;
  }

  button.cell prism-map,
  button.cell .blank {
    height: 64px;
    width: 100%;
  }

  button.cell .blank {
    display: grid;
    place-items: center;
  }

  button.cell[aria-pressed='true'] {
    background: var(--vscode-list-activeSelectionBackground);
    border-color: var(--vscode-focusBorder);
    color: var(--vscode-list-activeSelectionForeground);
  }

  button.cell.reference {
    border-color: var(--vscode-focusBorder);
    border-style: dashed;
  }

  button.cell.otherReason {
    outline: 2px solid var(--vscode-editorWarning-foreground);
    outline-offset: -1px;
  }

  .mark {
    color: var(--vscode-editorWarning-foreground);
  }

  .failed {
    color: var(--vscode-errorForeground);
  }

  aside {
    border-inline-start: 1px solid var(--line);
    display: grid;
    gap: 6px;
    grid-auto-rows: max-content;
    max-width: 50%;
    overflow: auto;
    padding: 8px;
  }

  .maps {
    display: flex;
    gap: 8px;
  }

  figure {
    margin: 0;
    width: 150px;
  }

  figure prism-map {
    height: 150px;
  }

  figcaption {
    font-size: 11px;
  }
`;
