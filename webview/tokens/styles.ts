import { css } from 'lit';

export const tokensStyles = css`
  :host {
    background: var(--vscode-editor-background);
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    grid-template-rows: auto minmax(0, 1fr) minmax(0, 1.1fr);
    height: 100vh;
  }

  section {
    display: flex;
    flex-direction: column;
    min-height: 0;
  }

  .map {
    border-top: 1px solid var(--line);
  }

  .told {
    margin: 0;
    min-height: 24px;
    padding: 3px 12px;
  }

  prism-token-matrix {
    flex: 1;
    min-height: 0;
  }
`;

export const matrixStyles = css`
  :host {
    display: block;
    min-height: 0;
  }

  .scroller {
    height: 100%;
    overflow: auto;
  }

  .whole {
    position: relative;
  }

  .heads {
    background: var(--vscode-editor-background);
    inset-block-start: 0;
    position: sticky;
    z-index: 2;
  }

  .head {
    cursor: pointer;
    display: flex;
    height: 100%;
    justify-content: center;
    padding-bottom: 4px;
    position: absolute;
  }

  .head span {
    font-family: var(--numbers);
    line-height: 22px;
    max-height: 100%;
    text-align: start;
    transform: rotate(180deg);
    writing-mode: vertical-rl;
  }

  .head.here,
  .row.here .name {
    background: var(--vscode-list-inactiveSelectionBackground);
    color: var(--vscode-list-inactiveSelectionForeground, inherit);
  }

  .row {
    inset-inline: 0;
    position: absolute;
  }

  .name {
    align-items: center;
    background: var(--vscode-editor-background);
    cursor: pointer;
    display: flex;
    gap: 6px;
    height: 100%;
    inset-inline-start: 0;
    justify-content: space-between;
    padding-inline: 12px 8px;
    position: sticky;
    z-index: 1;
  }

  .name .ellipsis {
    font-family: var(--numbers);
  }

  .name .number {
    flex: none;
    font-size: 0.9em;
  }

  .row.here .name .number {
    color: inherit;
  }

  .cell {
    border: 1px solid var(--vscode-editor-background);
    cursor: pointer;
    height: 100%;
    inset-block-start: 0;
    position: absolute;
  }

  .cell:not(.later) {
    box-shadow: inset 0 0 0 0.5px var(--vscode-editorIndentGuide-background1, transparent);
  }

  .cell:hover {
    outline: 1px solid var(--vscode-descriptionForeground);
    outline-offset: -1px;
  }

  .cell.here {
    outline: 2px solid var(--vscode-focusBorder);
    outline-offset: -2px;
  }

  @media (forced-colors: active) {
    .cell {
      forced-color-adjust: none;
    }
  }
`;
