import '@vscode-elements/elements/dist/vscode-option/index.js';
import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import type { VscodeSingleSelect } from '@vscode-elements/elements/dist/vscode-single-select/index.js';
import { html, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';

export interface Choice {
  readonly value: string;
  readonly title: string;
  readonly description?: string;
  readonly disabled?: boolean;
}

/** A drop-down list of VS Code's looks that always shows `value`, whatever was clicked; `position` is where it opens. */
export function select(
  label: string,
  value: string,
  choices: readonly Choice[],
  choose: (value: string) => void,
  position: 'above' | 'below' = 'below',
): TemplateResult {
  return html`<vscode-single-select
    label=${label}
    position=${position}
    .value=${live(value)}
    @change=${(event: Event) => choose((event.target as VscodeSingleSelect).value)}
  >
    ${choices.map(
      (choice) =>
        html`<vscode-option
          .value=${choice.value}
          .description=${choice.description ?? ''}
          ?selected=${choice.value === value}
          ?disabled=${choice.disabled === true}
          >${choice.title}</vscode-option
        >`,
    )}
  </vscode-single-select>`;
}
