import { css } from 'lit';

/** The panel from 400 to 2000 px: pictures and lists side by side, or the lists below. */
export const panelStyles = css`
  :host {
    background: var(--vscode-editor-background);
    display: flex;
    flex-direction: column;
    height: 100vh;
  }

  .begin {
    display: grid;
    flex: 1;
  }

  .explained {
    display: grid;
    flex: 1 0 380px;
    grid-template-columns: minmax(0, 1fr) clamp(220px, 26vw, 340px);
    grid-template-rows: minmax(0, 1fr);
    min-height: 0;
  }

  .stage {
    display: flex;
    flex-direction: column;
    min-height: 0;
    min-width: 0;
  }

  prism-stage {
    flex: 1;
  }

  aside {
    background: var(--vscode-sideBar-background);
    border-inline-start: 1px solid var(--vscode-sideBar-border, var(--line));
    display: flex;
    flex-direction: column;
    min-height: 0;
  }

  .classes,
  .judged,
  .pfvs {
    flex: 0 1 auto;
  }

  .where {
    padding: 2px 8px 6px;
  }

  .where vscode-single-select {
    width: 100%;
  }

  .pfvs {
    max-height: 40%;
  }

  /* What is pinned is what somebody looks at now. */
  .pfvs:has(+ .pfv) {
    max-height: 20%;
  }

  .pfv {
    flex: 0 1 auto;
    max-height: 60%;
  }

  .layers:not([closed]) {
    flex: 1 1 160px;
    min-height: 120px;
  }

  /* Narrow, as beside an editor: the page scrolls, and pictures keep a useful size. */
  @media (max-width: 640px) {
    :host {
      height: auto;
      min-height: 100vh;
    }

    .explained {
      flex: 1 0 auto;
      grid-template-columns: minmax(0, 1fr);
      grid-template-rows: auto;
    }

    prism-stage {
      --pane-height: max(200px, 62vw);
    }

    aside {
      border-block-start: 1px solid var(--vscode-sideBar-border, var(--line));
      border-inline-start: 0;
    }

    .layers:not([closed]) {
      flex: none;
      max-height: 420px;
    }

    .pfvs,
    .pfvs:has(+ .pfv),
    .pfv {
      max-height: none;
    }
  }
`;
