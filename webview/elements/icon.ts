import { html, type TemplateResult } from 'lit';

/** Code points of the codicon font. */
const glyphs = {
  add: '\uEA60',
  'collapse-all': '\uEAC5',
  'arrow-left': '\uEA9B',
  'arrow-right': '\uEA9C',
  'arrow-swap': '\uEBCB',
  check: '\uEAB2',
  'chevron-down': '\uEAB4',
  'chevron-right': '\uEAB6',
  close: '\uEA76',
  'circle-slash': '\uEABD',
  copy: '\uEBCC',
  'debug-pause': '\uEAD1',
  error: '\uEA87',
  export: '\uEBAC',
  'go-to-file': '\uEA94',
  info: '\uEA74',
  'folder-opened': '\uEAF7',
  link: '\uEB15',
  law: '\uEB12',
  layout: '\uEBEB',
  'type-hierarchy': '\uEBB9',
  output: '\uEB9D',
  pin: '\uEB2B',
  pinned: '\uEBA0',
  play: '\uEB2C',
  refresh: '\uEB37',
  'screen-normal': '\uEB4D',
  'settings-gear': '\uEB51',
  'split-horizontal': '\uEB56',
  square: '\uEA72',
  warning: '\uEA6C',
  history: '\uEA82',
  'zoom-in': '\uEB81',
  'zoom-out': '\uEB82',
} as const;

export type IconName = keyof typeof glyphs;

/** A decorative icon: what it means is said by the text beside it or by the label of its button. */
export const icon = (name: IconName): TemplateResult =>
  html`<span class="codicon" aria-hidden="true">${glyphs[name]}</span>`;
