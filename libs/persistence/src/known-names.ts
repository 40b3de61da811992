/** uids of named objects. */
export class KnownNames {
  /** By kind and name: a text of both would be made for every question. */
  readonly #uids = new Map<string, Map<string, string>>();
  readonly #names = new Map<string, string>();

  uid(kind: string, name: string): string | undefined {
    return this.#uids.get(kind)?.get(name);
  }

  /** Of the object with this uid. */
  name(uid: string): string | undefined {
    return this.#names.get(uid);
  }

  add(kind: string, name: string, uid: string): void {
    const ofKind = this.#uids.get(kind);
    if (ofKind === undefined) this.#uids.set(kind, new Map([[name, uid]]));
    else ofKind.set(name, uid);
    this.#names.set(uid, name);
  }
}
