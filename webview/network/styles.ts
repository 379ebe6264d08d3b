import { css } from 'lit';

export const networkStyles = css`
  :host {
    background: var(--vscode-editor-background);
    display: grid;
    grid-template-rows: auto minmax(0, 1fr);
    height: 100vh;
    overflow: hidden;
    --for: var(--vscode-charts-red, #d6604d);
    --against: var(--vscode-charts-blue, #4393c3);
  }

  .note {
    margin: 2px 0 0;
  }

  .tools vscode-single-select {
    width: 150px;
  }

  input {
    background: var(--vscode-input-background);
    border: 1px solid var(--vscode-input-border, var(--line));
    border-radius: 2px;
    color: var(--vscode-input-foreground);
    font: inherit;
    height: 24px;
    padding: 0 6px;
    width: 160px;
  }

  input::placeholder {
    color: var(--vscode-input-placeholderForeground, var(--quiet));
  }

  main {
    display: grid;
    grid-template-columns: minmax(0, 1fr) 260px;
    min-height: 0;
  }

  .drawing {
    min-height: 0;
    min-width: 0;
    position: relative;
  }

  .legend {
    background: var(--vscode-editor-background);
    border-radius: 4px;
    bottom: 8px;
    display: flex;
    flex-wrap: wrap;
    font-size: 12px;
    gap: 2px 12px;
    inset-inline-start: 8px;
    opacity: 0.92;
    padding: 2px 8px;
    pointer-events: none;
    position: absolute;
  }

  .legend svg {
    height: 10px;
    margin-inline-end: 4px;
    vertical-align: middle;
    width: 26px;
  }

  .legend .for {
    stroke: var(--for);
  }

  .legend .against {
    stroke: var(--against);
    stroke-dasharray: 7 3;
  }

  .legend .stays {
    stroke: var(--quiet);
  }

  prism-network-detail {
    border-inline-start: 1px solid var(--line);
    min-height: 0;
    overflow: auto;
  }

  .empty {
    margin: 24px 16px;
  }

  @media (max-width: 640px) {
    main {
      grid-template-columns: minmax(0, 1fr);
      grid-template-rows: minmax(0, 1fr) auto;
    }

    prism-network-detail {
      border-inline-start: 0;
      border-top: 1px solid var(--line);
      max-height: 40vh;
    }
  }
`;

export const canvasStyles = css`
  :host {
    display: block;
    height: 100%;
    overflow: hidden;
    position: relative;
    touch-action: none;
  }

  svg {
    cursor: grab;
    display: block;
    height: 100%;
    user-select: none;
    width: 100%;
  }

  svg.dragging {
    cursor: grabbing;
  }

  .around {
    fill: var(--vscode-foreground);
    fill-opacity: 0.035;
    stroke: var(--vscode-foreground);
    stroke-opacity: 0.22;
  }

  .ribbon {
    fill: none;
    opacity: 0.5;
    stroke: var(--for);
  }

  .ribbon.against {
    stroke: var(--against);
    stroke-dasharray: 9 4;
  }

  .ribbon.nothing {
    opacity: 0.7;
    stroke: var(--quiet);
    stroke-dasharray: 1.5 3;
  }

  .ribbon.plain {
    opacity: 0.7;
    stroke: var(--quiet);
  }

  .dim .ribbon:not(.near) {
    opacity: 0.3;
  }

  .dim .ribbon.near {
    opacity: 0.85;
  }

  .stays {
    fill: var(--quiet);
    opacity: 0.55;
  }

  .stays.for {
    fill: var(--for);
  }

  .stays.against {
    fill: var(--against);
  }

  .stays.lost {
    fill: none;
    stroke: var(--quiet);
    stroke-dasharray: 2 2;
  }

  .stays.lost.for {
    stroke: var(--for);
  }

  .stays.lost.against {
    stroke: var(--against);
  }

  .ground {
    opacity: 0.8;
    stroke: var(--quiet);
  }

  .box {
    cursor: pointer;
    outline: none;
  }

  .box .face {
    fill: var(--vscode-editorWidget-background, var(--vscode-sideBar-background));
    stroke: var(--vscode-contrastBorder, var(--vscode-widget-border, var(--vscode-panel-border)));
    stroke-width: 1;
  }

  .box .edge {
    stroke: var(--vscode-foreground);
    stroke-opacity: 0.28;
  }

  .box:hover .face {
    fill: var(--vscode-list-hoverBackground);
  }

  .box[aria-selected='true'] .face {
    fill: var(--vscode-list-activeSelectionBackground);
    stroke: var(--vscode-focusBorder);
    stroke-opacity: 1;
    stroke-width: 2;
  }

  .texts {
    pointer-events: none;
  }

  .texts.selected text {
    fill: var(--vscode-list-activeSelectionForeground, var(--vscode-foreground));
  }

  .box:focus-visible .face,
  .box:focus-visible .edge {
    stroke: var(--vscode-focusBorder);
    stroke-opacity: 1;
    stroke-width: 2;
  }

  .box.module .back {
    fill: var(--vscode-editorWidget-background, var(--vscode-sideBar-background));
    stroke: var(--vscode-foreground);
    stroke-opacity: 0.28;
  }

  .box.end .edge {
    stroke-opacity: 0.7;
    stroke-width: 1.5;
  }

  .unmatched {
    opacity: 0.35;
  }

  .box.matched .face,
  .box.matched .edge {
    stroke: var(--vscode-editorWarning-foreground);
    stroke-opacity: 1;
    stroke-width: 2;
  }

  text {
    fill: var(--vscode-foreground);
    font-size: 12px;
  }

  text.about {
    fill: var(--quiet);
    font-size: 11px;
  }

  text.share {
    font-size: 11px;
    font-variant-numeric: tabular-nums;
    text-anchor: end;
  }

  .chevron {
    font: 14px codicon;
  }

  .toggle {
    cursor: pointer;
  }

  .toggle rect {
    fill: transparent;
  }

  .toggle:hover rect {
    fill: var(--vscode-toolbar-hoverBackground);
  }

  .tip {
    background: var(--vscode-editorHoverWidget-background, var(--vscode-menu-background));
    border: 1px solid var(--vscode-editorHoverWidget-border, var(--line));
    border-radius: 3px;
    box-shadow: 0 2px 8px var(--vscode-widget-shadow, transparent);
    color: var(--vscode-editorHoverWidget-foreground, var(--vscode-foreground));
    left: 0;
    max-width: 320px;
    padding: 4px 8px;
    pointer-events: none;
    position: absolute;
    top: 0;
    white-space: pre-line;
    z-index: 2;
  }

  @media (forced-colors: active) {
    .box .face {
      fill: Canvas;
      stroke: CanvasText;
    }

    .box[aria-selected='true'] .face {
      stroke: Highlight;
      stroke-width: 3;
    }

    .ribbon {
      forced-color-adjust: none;
    }
  }
`;
