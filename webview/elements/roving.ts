/** How many entries PageUp and PageDown skip. */
const page = 10;

/**
 * Keys of a list, or of a row, `across`, of which one entry is in the tab order: moves the focus and returns true when the key was for it.
 * `entries` are the elements in order; the focused one is found by itself.
 */
export function moveFocus(event: KeyboardEvent, entries: readonly HTMLElement[], across = false): boolean {
  const last = entries.length - 1;
  const now = entries.indexOf(event.currentTarget as HTMLElement);
  const targets: Readonly<Record<string, number>> = {
    [across ? 'ArrowLeft' : 'ArrowUp']: now - 1,
    [across ? 'ArrowRight' : 'ArrowDown']: now + 1,
    PageUp: now - page,
    PageDown: now + page,
    Home: 0,
    End: last,
  };
  if (event.altKey || event.ctrlKey || event.metaKey || !Object.hasOwn(targets, event.key)) return false;
  event.preventDefault();
  entries[Math.max(0, Math.min(last, targets[event.key]!))]?.focus();
  return true;
}

export const isActivation = ({ key }: KeyboardEvent): boolean => key === 'Enter' || key === ' ';
