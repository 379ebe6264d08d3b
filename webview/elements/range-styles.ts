import { css } from 'lit';

/** Sliders as the workbench would draw them. */
export const rangeStyles = css`
  input[type='range'] {
    appearance: none;
    background: none;
    cursor: pointer;
    height: 18px;
    margin: 0;
    width: 96px;
  }

  input[type='range']::-webkit-slider-runnable-track {
    background: var(--vscode-scrollbarSlider-background);
    border: 1px solid var(--vscode-contrastBorder, transparent);
    border-radius: 2px;
    height: 4px;
  }

  input[type='range']::-webkit-slider-thumb {
    appearance: none;
    background: var(--vscode-button-background);
    border: 1px solid var(--vscode-contrastBorder, transparent);
    border-radius: 50%;
    height: 12px;
    margin-top: -5px;
    width: 12px;
  }

  input[type='range']:hover::-webkit-slider-thumb {
    background: var(--vscode-button-hoverBackground);
  }

  @media (forced-colors: active) {
    input[type='range'] {
      appearance: auto;
    }
  }
`;
