import type { ClassDef, FunctionDef, PythonFile } from './file';
import { usesKeras } from './keras/names';
import { descendants } from './python';

const TORCH_CONTAINERS: ReadonlySet<string> = new Set(['Sequential', 'ModuleList', 'ModuleDict']);

/** The parsed files of the training code, and how names lead from one to another. */
export class Project {
  readonly #byName = new Map<string, ClassDef[]>();
  readonly #functionsByName = new Map<string, FunctionDef[]>();
  readonly #reaching = new Map<string, ReadonlySet<PythonFile>>();

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
    const exact = definitions.filter(({ file }) => endsWith(file.path, parts(module)));
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

  /** Files from which code can hand something to a file: itself, and what imports from it, however indirectly. */
  #above(path: string): ReadonlySet<PythonFile> {
    const known = this.#reaching.get(path);
    if (known) return known;
    const found = new Set(this.files.filter((file) => file.path === path));
    for (let grown = true; grown; ) {
      grown = false;
      for (const file of this.files) {
        if (found.has(file) || ![...found].some((other) => this.#imports(file, other))) continue;
        found.add(file);
        grown = true;
      }
    }
    this.#reaching.set(path, found);
    return found;
  }

  /** Whether a file imports another, or something that it defines. */
  #imports(file: PythonFile, other: PythonFile): boolean {
    return [...file.imports.values()].some(({ module, name }) => {
      const definition = name === undefined ? undefined : this.exported(module, name);
      if (definition) return definition.file === other;
      return endsWith(other.path, parts(module)) || (name !== undefined && endsWith(other.path, parts(module, name)));
    });
  }

  /** Whether a file, or code that may hand something to it, knows a class by name. */
  reaches(of: ClassDef, path: string): boolean {
    return [...this.#above(path)].some(
      (file) => file === of.file || (file.text.includes(of.name) && this.#imports(file, of.file)),
    );
  }

  /** The class is one of Keras' layers or models. */
  isKeras(of: ClassDef): boolean {
    const lineage = this.lineage(of);
    return (
      lineage.some(({ file }) => usesKeras(file)) &&
      lineage.some(({ bases }) => bases.some((base) => /^(Model|Layer|Sequential|Functional)$/.test(base)))
    );
  }

  /** The class makes layers outside of its constructor: when it is built or called for the first time. */
  makesLate(of: ClassDef): boolean {
    const late = ['build', 'call'].flatMap((name) => this.method(of, name) ?? []);
    return late.some(({ node }) =>
      descendants(node, 'call').some((call) =>
        /^(\w+\.)*[A-Z]\w+$/.test(call.childForFieldName('function')?.text ?? ''),
      ),
    );
  }

  /** The class builds a network: it comes, in the end, from a class of a library named Module or a container. */
  isModule(of: ClassDef): boolean {
    return this.lineage(of).some(({ bases }) =>
      bases.some((base) => TORCH_CONTAINERS.has(base) || /Module$|^Model$|^Layer$/.test(base)),
    );
  }
}

const parts = (module: string, name = ''): string[] => [...module.split('.'), name].filter(Boolean);

const onlyOf = <T>(found: readonly T[]): T | undefined => (found.length === 1 ? found[0] : undefined);

function endsWith(path: string, module: readonly string[]): boolean {
  const folders = path.replace(/(\/__init__)?\.py$/, '').split(/[\\/]/);
  return module.length > 0 && module.every((part, index) => folders[folders.length - module.length + index] === part);
}
