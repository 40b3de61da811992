import type { PolicyGrant } from '../policy-objects.ts';
import type { FamilyInstance } from './family-instance.ts';
import type { Holders } from './holders.ts';
import type { PolicyStore } from './policy-store.ts';

/** How many people an instance reaches, and how many of them are active. */
export interface Reached {
  readonly people: number;
  readonly active: number;
}

interface Crowd extends Reached {
  readonly uids: readonly string[];
  /** How many instances hold all of them. */
  instances: number;
}

const nobody: Reached = { people: 0, active: 0 };

/**
 * Counts the people of instances that were just loaded. Nearly all instances have one grant with one subject: of these a
 * user is looked up once, and the members of a group once for all its grants.
 */
export class LoadedPeople {
  private readonly store: PolicyStore;
  private readonly users = new Map<string, Crowd>();
  private readonly groups = new Map<string, Crowd>();

  constructor(store: PolicyStore) {
    this.store = store;
  }

  /** Call once for each instance. */
  of(instance: FamilyInstance): Reached {
    const [grantUid = ''] = instance.grantUids();
    const grant = instance.grantCount === 1 ? this.store.compiled(grantUid) : undefined;
    const crowd = grant && this.crowdOf(grant);
    if (crowd !== undefined) {
      crowd.instances++;
      return crowd;
    }
    const reached = instance.reached();
    let active = 0;
    for (const uid of reached) {
      const user = this.user(uid);
      user.instances++;
      active += user.active;
    }
    return reached.size === 0 ? nobody : { people: reached.size, active };
  }

  /** Tells by how many instances each person is held. */
  tell(holders: Holders): void {
    const crowds = [...this.users.values(), ...this.groups.values()];
    for (const { uids, instances } of crowds.filter((crowd) => crowd.instances > 0)) {
      for (const uid of uids) holders.load(uid, instances);
    }
  }

  private crowdOf({ subjects }: PolicyGrant): Crowd | undefined {
    const [subject] = subjects;
    if (subject === undefined || subjects.length > 1) return undefined;
    return subject.kind === 'User' ? this.user(subject.uid) : this.group(subject.uid);
  }

  private user(uid: string): Crowd {
    let crowd = this.users.get(uid);
    if (crowd === undefined) this.users.set(uid, (crowd = this.crowd([uid])));
    return crowd;
  }

  private group(uid: string): Crowd {
    let crowd = this.groups.get(uid);
    if (crowd !== undefined) return crowd;
    const exists = this.store.groups.has(uid);
    crowd = this.crowd(exists ? [...this.store.membersOfGroup.get(uid)] : []);
    this.groups.set(uid, crowd);
    return crowd;
  }

  private crowd(members: readonly string[]): Crowd {
    const { users } = this.store;
    const uids = members.filter((uid) => users.has(uid));
    const active = uids.filter((uid) => users.get(uid)?.active === true).length;
    return { uids, people: uids.length, active, instances: 0 };
  }
}
