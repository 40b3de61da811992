import type { StateChange } from '@ambit/protocol';
import type { BindingIntent, Ceiling } from '@ambit/rbac';

export interface Grant {
  readonly key: string;
  readonly role: string;
  readonly namespaces: readonly string[];
  readonly subjects: readonly string[];
  readonly notAfter?: number;
}

/** What central wants, and what the owner of the cluster allows. */
export class Policy {
  readonly grants = new Map<string, Grant>();
  readonly ceiling: Ceiling;
  revision = 0;
  /** Roles that the ceiling of now allows. */
  allowedRoles: readonly string[];

  constructor(ceiling: Ceiling) {
    this.ceiling = ceiling;
    this.allowedRoles = ceiling.allowedClusterRoles;
  }

  get ceilingOfNow(): Ceiling {
    return { ...this.ceiling, allowedClusterRoles: this.allowedRoles };
  }

  put(grant: Grant): StateChange {
    this.grants.set(grant.key, grant);
    return this.#change([grant], []);
  }

  remove(key: string): StateChange {
    this.grants.delete(key);
    return this.#change([], [key]);
  }

  /** As the disk of the agent holds it. */
  whole(): StateChange {
    return changeOf(this.revision, 'full', [...this.grants.values()], []);
  }

  /** `NAMESPACE ROLE SUBJECT` of what may stand at a time, in namespaces that there are. */
  access(at: number, namespaces: ReadonlySet<string>): Set<string> {
    const access = new Set<string>();
    for (const { role, namespaces: names, subjects, notAfter = Infinity } of this.grants.values()) {
      if (notAfter <= at || !this.allowedRoles.includes(role)) continue;
      for (const namespace of names.filter((name) => namespaces.has(name))) {
        for (const subject of subjects) access.add(`${namespace} ${role} ${subject}`);
      }
    }
    return access;
  }

  #change(put: readonly Grant[], removed: readonly string[]): StateChange {
    this.revision += 1;
    return changeOf(this.revision, 'delta', put, removed);
  }
}

/** A change as the session hands it over; the reconciler reads these parts of it. */
function changeOf(
  revision: number,
  mode: 'full' | 'delta',
  put: readonly Grant[],
  removed: readonly string[],
): StateChange {
  const change = {
    mode,
    manifest: { revision },
    intents: put.map(intentOf),
    removed,
    entries: [],
    skipped: [],
  };
  return change as unknown as StateChange;
}

function intentOf({ key, role, namespaces, subjects, notAfter }: Grant): BindingIntent {
  return {
    section: 'BINDING',
    key,
    role: { type: 'existing', clusterRole: role },
    scope: { type: 'namespaces', names: namespaces },
    shard: '',
    subjectKind: 'Users',
    subjects: [...subjects].sort(),
    grants: [key],
    ...(notAfter === undefined ? {} : { notAfter, grantUid: key }),
  };
}
