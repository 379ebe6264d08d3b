import { css } from 'lit';

export const attentionStyles = css`
  :host {
    background: var(--vscode-editor-background);
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    grid-template-rows: auto auto minmax(0, 1fr);
    height: 100vh;
    overflow: hidden;
  }

  .tools vscode-single-select {
    width: 220px;
  }

  .note {
    margin: 2px 0 0;
  }

  prism-attention-heads {
    border-bottom: 1px solid var(--line);
    max-height: 26vh;
  }

  main {
    display: grid;
    grid-template-columns: minmax(260px, 2fr) minmax(0, 3fr);
    grid-template-rows: minmax(0, 1fr);
    min-height: 0;
  }

  section {
    display: flex;
    flex-direction: column;
    min-height: 0;
    min-width: 0;
  }

  .reasons {
    border-inline-end: 1px solid var(--line);
    overflow: auto;
  }

  .told {
    margin: 0;
    min-height: 24px;
    padding: 3px 12px;
  }

  prism-text {
    padding-inline: 12px;
  }

  prism-pane {
    flex: 1;
    min-height: 160px;
  }

  prism-token-matrix {
    flex: 1;
    min-height: 0;
  }

  .empty {
    margin: 24px 16px;
  }

  @media (max-width: 640px) {
    main {
      grid-template-columns: minmax(0, 1fr);
      grid-template-rows: minmax(0, 1fr) minmax(0, 1fr);
    }

    .reasons {
      border-bottom: 1px solid var(--line);
      border-inline-end: 0;
    }
  }
`;
