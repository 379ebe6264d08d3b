/** What a Python file offers to export: its module classes and functions, by their lines counted from 0. */
interface Exportable {
  readonly name: string;
  readonly line: number;
  readonly kind: 'class' | 'function';
}

/** Top-level classes that inherit, and functions. A line at a time: it runs on every key. */
export function exportables(text: string): Exportable[] {
  if (!/^\s*(import|from) torch\b/m.test(text)) return [];
  return text.split('\n').flatMap((content, line): Exportable[] => {
    const [, word, name, bases] = /^(class|def) (\w+)\s*(\(.*)?/.exec(content) ?? [];
    if (name === undefined) return [];
    if (word === 'def') return [{ name, line, kind: 'function' }];
    return /Module\b|Sequential\b/.test(bases ?? '') ? [{ name, line, kind: 'class' }] : [];
  });
}
