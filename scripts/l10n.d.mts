/** Every text of the extension and the panel, sorted. */
export function collectTexts(): string[];
