import { css } from 'lit';

export const modelsStyles = css`
  :host {
    background: var(--vscode-editor-background);
    display: grid;
    grid-template-rows: auto minmax(0, 1fr);
    height: 100vh;
  }

  header {
    border-bottom: 1px solid var(--line);
    padding: 6px 16px;
  }

  h1 {
    font-size: inherit;
    font-weight: 600;
    margin: 0;
  }

  main {
    display: grid;
    gap: 16px;
    grid-template-columns: minmax(0, 1fr) minmax(360px, 1fr);
    min-height: 0;
    padding: 8px 16px 0;
  }

  .maps {
    align-content: start;
    display: grid;
    gap: 12px;
    grid-template-columns: repeat(auto-fit, minmax(150px, 1fr));
    overflow: auto;
    padding-bottom: 16px;
  }

  figure {
    margin: 0;
    min-width: 0;
  }

  figure prism-map {
    aspect-ratio: 1;
  }

  figcaption {
    display: grid;
    gap: 2px;
    justify-items: start;
    padding-top: 4px;
  }

  .layers {
    overflow: auto;
  }

  table {
    border-collapse: collapse;
    width: 100%;
  }

  thead th {
    background: var(--vscode-editor-background);
    position: sticky;
    top: 0;
  }

  th,
  td {
    font-weight: normal;
    padding: 0 8px 0 0;
    text-align: start;
    white-space: nowrap;
  }

  th.number,
  td.number {
    text-align: end;
  }

  tbody tr {
    cursor: pointer;
    height: 22px;
  }

  tbody tr:hover {
    background: var(--vscode-list-hoverBackground);
  }

  tbody tr[aria-selected='true'] {
    background: var(--vscode-list-activeSelectionBackground);
    color: var(--vscode-list-activeSelectionForeground);
  }

  tr.parted td {
    border-top: 2px solid var(--vscode-editorWarning-foreground);
  }

  .mark {
    color: var(--vscode-editorWarning-foreground);
  }

  svg {
    display: block;
    height: 6px;
    width: 72px;
  }

  .track {
    fill: var(--vscode-scrollbarSlider-background);
  }

  .share {
    fill: var(--vscode-progressBar-background);
  }

  @media (max-width: 720px) {
    main {
      grid-template-columns: minmax(0, 1fr);
      overflow: auto;
    }
  }
`;
