import type { EntryKind, Fields, KubeconfigFile } from './kubeconfig-file.ts';

/** The files of KUBECONFIG as the one thing that kubectl sees: the first that holds a name counts. */
export class KubeconfigSet {
  readonly files: readonly KubeconfigFile[];

  constructor(files: readonly KubeconfigFile[]) {
    this.files = files;
  }

  get currentContext(): string | undefined {
    return this.files.find(({ currentContext }) => currentContext !== undefined)?.currentContext;
  }

  /** Written where kubectl writes it. */
  set currentContext(name: string) {
    const said = this.files.find(({ currentContext }) => currentContext !== undefined);
    (said ?? this.#forNew()).currentContext = name;
  }

  /** Takes the current context away, so that none of the files says one. */
  unsetCurrentContext(): void {
    for (const file of this.files) {
      if (file.currentContext !== undefined) file.currentContext = undefined;
    }
  }

  names(kind: EntryKind): readonly string[] {
    return [...new Set(this.files.flatMap((file) => file.names(kind)))];
  }

  body(kind: EntryKind, name: string): Fields | undefined {
    return this.#holding(kind, name)?.body(kind, name);
  }

  put(kind: EntryKind, name: string, fields: Fields): void {
    (this.#holding(kind, name) ?? this.#forNew()).put(kind, name, fields);
  }

  remove(kind: EntryKind, name: string): void {
    this.#holding(kind, name)?.remove(kind, name);
  }

  #holding(kind: EntryKind, name: string): KubeconfigFile | undefined {
    return this.files.find((file) => file.names(kind).includes(name));
  }

  /** As kubectl chooses: the first that is there, else the last. */
  #forNew(): KubeconfigFile {
    const file = this.files.find(({ exists }) => exists) ?? this.files.at(-1);
    if (file === undefined) throw new Error('KUBECONFIG names at least one file');
    return file;
  }
}
