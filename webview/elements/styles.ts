import { css } from 'lit';

/** Theme variables only; sizes follow the workbench: 13 px text, 22 px rows, 4 px steps. */
export const baseStyles = css`
  :host {
    box-sizing: border-box;
    color: var(--vscode-foreground);
    font-family: var(--vscode-font-family);
    font-size: var(--vscode-font-size, 13px);
    font-weight: var(--vscode-font-weight, normal);
    line-height: 1.4;
    --quiet: var(--vscode-descriptionForeground);
    --line: var(--vscode-contrastBorder, var(--vscode-panel-border, var(--vscode-widget-border, transparent)));
    --numbers: var(--vscode-editor-font-family, monospace);
  }

  :host([hidden]) {
    display: none;
  }

  *,
  *::before,
  *::after {
    box-sizing: inherit;
  }

  :focus-visible {
    outline: 1px solid var(--vscode-focusBorder);
    outline-offset: -1px;
  }

  .codicon {
    font: normal 16px / 1 codicon;
    display: inline-block;
    text-align: center;
    text-decoration: none;
    text-rendering: auto;
    user-select: none;
    -webkit-font-smoothing: antialiased;
  }

  .quiet {
    color: var(--quiet);
  }

  .number {
    font-variant-numeric: tabular-nums;
  }

  .ellipsis {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  button.tool {
    align-items: center;
    background: none;
    border: 1px solid transparent;
    border-radius: 5px;
    color: var(--vscode-icon-foreground, inherit);
    cursor: pointer;
    display: inline-flex;
    font: inherit;
    gap: 4px;
    height: 22px;
    justify-content: center;
    min-width: 22px;
    padding: 0 2px;
  }

  button.tool:hover {
    background: var(--vscode-toolbar-hoverBackground);
    outline: 1px dashed var(--vscode-toolbar-hoverOutline, transparent);
    outline-offset: -1px;
  }

  button.tool:active {
    background: var(--vscode-toolbar-activeBackground);
  }

  button.tool[aria-pressed='true'],
  button.tool[aria-checked='true'] {
    background: var(--vscode-inputOption-activeBackground);
    border-color: var(--vscode-inputOption-activeBorder, transparent);
    color: var(--vscode-inputOption-activeForeground);
  }

  button.tool:disabled {
    cursor: default;
    opacity: 0.4;
  }

  button.link {
    background: none;
    border: 0;
    color: var(--vscode-textLink-foreground);
    cursor: pointer;
    font: inherit;
    padding: 0;
    text-align: start;
  }

  button.link:hover {
    color: var(--vscode-textLink-activeForeground);
    text-decoration: underline;
  }

  button.tool:focus-visible,
  button.link:focus-visible {
    outline: 1px solid var(--vscode-focusBorder);
  }

  .unseen {
    clip-path: inset(50%);
    height: 1px;
    overflow: hidden;
    position: absolute;
    white-space: nowrap;
    width: 1px;
  }

  @media (forced-colors: active) {
    button.tool {
      border-color: Canvas;
      outline: none;
    }

    button.tool:hover {
      border-color: Highlight;
    }

    button.tool[aria-pressed='true'],
    button.tool[aria-checked='true'] {
      border-color: Highlight;
    }
  }
`;

/** Lists of things to choose from, as the workbench draws them. */
export const listStyles = css`
  [role='listbox'] {
    display: flex;
    flex-direction: column;
  }

  [role='option'] {
    border: 1px solid transparent;
    cursor: pointer;
    padding: 0 8px;
  }

  [role='option']:hover {
    background: var(--vscode-list-hoverBackground);
    color: var(--vscode-list-hoverForeground, inherit);
    outline: 1px dashed var(--vscode-contrastActiveBorder, transparent);
    outline-offset: -1px;
  }

  [role='option'][aria-selected='true'] {
    background: var(--vscode-list-inactiveSelectionBackground);
    color: var(--vscode-list-inactiveSelectionForeground, inherit);
    outline: 1px solid var(--vscode-contrastActiveBorder, transparent);
    outline-offset: -1px;
  }

  [role='listbox']:focus-within [role='option'][aria-selected='true'] {
    background: var(--vscode-list-activeSelectionBackground);
    color: var(--vscode-list-activeSelectionForeground, inherit);
  }

  [role='option'][aria-selected='true'] .quiet {
    color: inherit;
  }

  [role='option']:focus-visible {
    outline: 1px solid var(--vscode-list-focusOutline, var(--vscode-focusBorder));
    outline-offset: -1px;
  }

  /* Transparent borders and outlines would all show. */
  @media (forced-colors: active) {
    [role='option'] {
      border-color: Canvas;
    }

    [role='option']:not(:focus-visible) {
      outline: none;
    }

    [role='option'][aria-selected='true'] {
      background: Highlight;
      color: HighlightText;
      forced-color-adjust: none;
    }
  }
`;

/** Rows of what something consists of: a name, a bar, a number. */
export const partStyles = css`
  :host {
    display: block;
    padding-bottom: 4px;
  }

  .choice {
    padding: 2px 8px 4px;
  }

  .part {
    align-items: center;
    column-gap: 8px;
    display: grid;
    grid-template-columns: minmax(0, 1fr) 56px minmax(4.2em, auto);
    line-height: 20px;
    padding: 0 8px;
  }

  .value {
    text-align: end;
  }

  .bar {
    display: block;
    height: 6px;
  }

  .bar i {
    background: var(--vscode-charts-red, currentColor);
    display: block;
    height: 100%;
    min-width: 1px;
  }

  .bar.against i {
    background: repeating-linear-gradient(
      90deg,
      var(--vscode-charts-blue, currentColor) 0 4px,
      transparent 4px 6px
    );
  }

  @media (forced-colors: active) {
    .bar i {
      forced-color-adjust: none;
      background: CanvasText;
    }
  }
`;
