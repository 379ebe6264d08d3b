import { css } from 'lit';

/** The bar above a view of its own: what is shown, and what can be done with it. */
export const barStyles = css`
  header {
    border-bottom: 1px solid var(--line);
    padding: 6px 12px;
  }

  .bar {
    align-items: center;
    display: flex;
    flex-wrap: wrap;
    gap: 4px 10px;
  }

  h1 {
    flex: 1;
    font-size: inherit;
    font-weight: 600;
    margin: 0;
    min-width: 12em;
  }

  .tools {
    align-items: center;
    display: flex;
    flex-wrap: wrap;
    gap: 4px;
  }
`;
