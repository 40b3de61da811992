import type { Entry, BindingFamily } from './entry.ts';

const endings = { Users: '', Groups: '-groups', ServiceAccounts: '-accounts' } as const;

/** Families by uid, each once. Most uids have one family, so the rest hangs behind it. */
export class BindingFamilyTable {
  readonly #byUid = new Map<string, BindingFamily>();

  /** The family of an entry; not in the table before it is used. */
  find(entry: Entry, clusterRole: string): BindingFamily {
    const { grantUid, notAfter, key, subjectKind } = entry;
    // What ends must never share an object with what stays, whatever the intent says of a grant.
    const timed = grantUid !== undefined || notAfter !== undefined;
    const uid = timed ? (grantUid ?? key) : '';
    const family = `${timed ? 'timed' : 'standing'}${endings[subjectKind]}` as const;
    let known = this.#byUid.get(uid);
    while (known !== undefined && !(known.class === family && known.clusterRole === clusterRole)) {
      known = known.next;
    }
    return known ?? { clusterRole, class: family, uid, users: 0, next: undefined };
  }

  use(family: BindingFamily): void {
    family.users++;
    if (family.users > 1) return;
    family.next = this.#byUid.get(family.uid);
    this.#byUid.set(family.uid, family);
  }

  release(family: BindingFamily): void {
    family.users--;
    if (family.users > 0) return;
    const first = this.#byUid.get(family.uid);
    if (first === family) {
      if (family.next === undefined) this.#byUid.delete(family.uid);
      else this.#byUid.set(family.uid, family.next);
      return;
    }
    let before = first;
    while (before !== undefined && before.next !== family) before = before.next;
    if (before !== undefined) before.next = family.next;
  }
}
