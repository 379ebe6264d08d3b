/** Looks up a text of the panel; `{0}`, `{1}` … stand for the arguments. The English text is the key. */
export type Translate = (text: string, ...values: readonly (string | number)[]) => string;

export function translator(strings: Readonly<Record<string, string>>): Translate {
  return (text, ...values) => {
    const found = Object.hasOwn(strings, text) ? strings[text]! : text;
    return found.replace(/\{(\d+)\}/g, (placeholder, index: string) => String(values[Number(index)] ?? placeholder));
  };
}

export const english: Translate = translator({});
