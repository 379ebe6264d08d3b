import { LitElement } from 'lit';
import { property } from 'lit/decorators.js';
import { english, type Translate } from '../logic/l10n';
import { baseStyles } from './styles';

/** What all elements of the panel share: the house's styles and the texts in the display language. */
export abstract class PrismElement extends LitElement {
  static override styles = [baseStyles];

  @property({ attribute: false }) t: Translate = english;

  /** Tells whoever contains this element; the detail's type is that of the event's name. */
  protected emit<Name extends keyof PrismEvents>(name: Name, detail: PrismEvents[Name]): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

/** The events of the panel's own elements, by name; each declares its own. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface PrismEvents {}
