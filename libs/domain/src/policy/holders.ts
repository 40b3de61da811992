import type { PolicyUser } from '../policy-objects.ts';

/**
 * How many people hold anything anywhere. A person stands here once for each family instance that holds the person, so
 * that one change costs one person and never a count over all.
 */
export class Holders {
  /** Active people who hold something, as of the last `settle`. */
  people = 0;
  private readonly instances = new Map<string, number>();
  /** Who may differ since the last `settle`, with the name under which the person held something before. */
  private readonly noted = new Map<string, string | undefined>();
  private readonly users: ReadonlyMap<string, PolicyUser>;

  constructor(users: ReadonlyMap<string, PolicyUser>) {
    this.users = users;
  }

  /** Call before the user appears, changes or goes. */
  note(userUid: string): void {
    if (!this.noted.has(userUid)) this.noted.set(userUid, this.holding(userUid));
  }

  /** One instance more (1) or less (-1) holds the user. */
  count(userUid: string, by: 1 | -1): void {
    this.note(userUid);
    const count = (this.instances.get(userUid) ?? 0) + by;
    if (count === 0) this.instances.delete(userUid);
    else this.instances.set(userUid, count);
  }

  /** So many instances more hold the user, of a policy that is being loaded. `people` counts once `loaded` is called. */
  load(userUid: string, instances: number): void {
    this.instances.set(userUid, (this.instances.get(userUid) ?? 0) + instances);
  }

  loaded(): void {
    for (const uid of this.instances.keys())
      if (this.users.get(uid)?.active === true) this.people++;
  }

  /** Brings `people` up to date. Gives the names of those who held something before and hold nothing now. */
  settle(): string[] {
    const leftWithout: string[] = [];
    for (const [uid, before] of this.noted) {
      const after = this.holding(uid);
      if (before === undefined && after !== undefined) this.people++;
      if (before === undefined || after !== undefined) continue;
      this.people--;
      leftWithout.push(before);
    }
    this.noted.clear();
    return leftWithout;
  }

  private holding(userUid: string): string | undefined {
    if (!this.instances.has(userUid)) return undefined;
    const user = this.users.get(userUid);
    return user?.active === true ? user.name : undefined;
  }
}
