import type { ClassDef, FunctionDef, PythonFile } from './file';

const TORCH_CONTAINERS: ReadonlySet<string> = new Set(['Sequential', 'ModuleList', 'ModuleDict']);

/** The parsed files of the training code, and how names lead from one to another. */
export class Project {
  readonly #byName = new Map<string, ClassDef[]>();
  readonly #functionsByName = new Map<string, FunctionDef[]>();

  constructor(readonly files: readonly PythonFile[]) {
    for (const file of files) {
      for (const [name, found] of file.classes) this.#byName.set(name, [...(this.#byName.get(name) ?? []), found]);
      for (const [name, found] of file.functions)
        this.#functionsByName.set(name, [...(this.#functionsByName.get(name) ?? []), found]);
    }
  }

  /** Classes of a name, wherever they are. */
  classesOf(name: string): readonly ClassDef[] {
    return this.#byName.get(name) ?? [];
  }

  /** The definition that a name in a file stands for, or undefined when it is not among these files. */
  resolve(file: PythonFile, name: string): ClassDef | FunctionDef | undefined {
    const here = file.classes.get(name) ?? file.functions.get(name);
    if (here) return here;
    const imported = file.imports.get(name);
    if (!imported?.name || imported.module.startsWith('torch.nn')) return undefined;
    return this.exported(imported.module, imported.name);
  }

  /** A definition of a module by its dotted name; packages hand on what they import, so the file may be another. */
  exported(module: string, name: string): ClassDef | FunctionDef | undefined {
    const definitions = [...(this.#byName.get(name) ?? []), ...(this.#functionsByName.get(name) ?? [])];
    const parts = module.split('.').filter(Boolean);
    const exact = definitions.filter(({ file }) => endsWith(file.path, parts));
    if (exact.length > 0) return exact[0];
    return definitions.length === 1 ? definitions[0] : undefined;
  }

  /** A class and what it inherits from, nearest first. */
  lineage(of: ClassDef): ClassDef[] {
    const found = [of];
    for (let index = 0; index < found.length && found.length < 50; index += 1) {
      for (const base of found[index].bases) {
        const definition = this.resolve(found[index].file, base) ?? onlyOf(this.classesOf(base));
        if (definition && 'methods' in definition && !found.includes(definition)) found.push(definition);
      }
    }
    return found;
  }

  method(of: ClassDef, name: string): FunctionDef | undefined {
    for (const definition of this.lineage(of)) {
      const method = definition.methods.get(name);
      if (method) return method;
    }
    return undefined;
  }

  /** Children of the class are its items. */
  isContainer(of: ClassDef): boolean {
    return this.lineage(of).some(({ bases }) => bases.some((base) => TORCH_CONTAINERS.has(base)));
  }

  /** The class builds a network: it comes, in the end, from a class of a library named Module or a container. */
  isModule(of: ClassDef): boolean {
    return this.lineage(of).some(({ bases }) =>
      bases.some((base) => TORCH_CONTAINERS.has(base) || /Module$|^Model$|^Layer$/.test(base)),
    );
  }
}

const onlyOf = <T>(found: readonly T[]): T | undefined => (found.length === 1 ? found[0] : undefined);

function endsWith(path: string, parts: readonly string[]): boolean {
  const folders = path.replace(/(\/__init__)?\.py$/, '').split(/[\\/]/);
  return parts.length > 0 && parts.every((part, index) => folders[folders.length - parts.length + index] === part);
}
