/** Libraries whose models can be exported from a Python file. */
export type Library = 'torch' | 'keras';

/** What one line of a Python file tells: a class or function of the file, or a library that it imports. */
export type Told =
  | { readonly kind: 'class' | 'function'; readonly name: string; readonly bases: string }
  | { readonly kind: 'import'; readonly library: Library };

/** What a Python file offers to export: module classes and functions, by their lines counted from 0. */
export interface Exportable {
  readonly name: string;
  readonly line: number;
  readonly kind: 'class' | 'function';
}

const BASES: Readonly<Record<Library, RegExp>> = { torch: /Module\b|Sequential\b/, keras: /Model\b|Sequential\b/ };

/** A line at a time, so that an edit need not read the others. */
export function toldBy(line: string): readonly Told[] {
  if (/^\s*(import|from) torch\b/.test(line)) return [{ kind: 'import', library: 'torch' }];
  if (/^\s*(import|from) (keras|tf_keras|tensorflow)\b/.test(line)) return [{ kind: 'import', library: 'keras' }];
  const [, word, name, bases = ''] = /^(class|def) (\w+)\s*(\(.*)?/.exec(line) ?? [];
  if (name === undefined) return [];
  return [{ kind: word === 'def' ? 'function' : 'class', name, bases }];
}

/** Top-level classes that inherit from what the library calls a model, and functions; none without the library. */
export function exportables(lines: readonly (readonly Told[])[], library: Library): Exportable[] {
  const imported = lines.some((told) => told.some((one) => one.kind === 'import' && one.library === library));
  if (!imported) return [];
  return lines.flatMap((told, line) =>
    told.flatMap((one): Exportable[] => {
      if (one.kind === 'import' || (one.kind === 'class' && !BASES[library].test(one.bases))) return [];
      return [{ name: one.name, line, kind: one.kind }];
    }),
  );
}
