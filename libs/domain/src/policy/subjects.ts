import type { Digests } from '@ambit/kernel';
import { namingOf, subjectKindOf, subjectOf, type ClusterNaming } from '../names/cluster-naming.ts';
import type { PolicyCluster, PolicyUser } from '../policy-objects.ts';

/** Under which names people stand in bindings, and whose name one is. */
export class Subjects {
  /** One text for each person and naming: the same name stands in hundreds of families. */
  private readonly known = new Map<ClusterNaming, WeakMap<PolicyUser, string>>();
  /** Who an account stands for: its name does not tell. An account belongs to one name of one person for ever. */
  private readonly holders = new Map<string, string>();
  private readonly digests: Digests;

  constructor(digests: Digests) {
    this.digests = digests;
  }

  of(naming: ClusterNaming, user: PolicyUser): string {
    let known = this.known.get(naming);
    if (known === undefined) this.known.set(naming, (known = new WeakMap()));
    let subject = known.get(user);
    if (subject === undefined) {
      subject = subjectOf(naming, user, this.digests);
      known.set(user, subject);
      if (subjectKindOf(naming) === 'ServiceAccounts') this.holders.set(subject, user.name);
    }
    return subject;
  }

  /** In the bindings of a cluster. */
  in(cluster: PolicyCluster, user: PolicyUser): string {
    return this.of(namingOf(cluster), user);
  }

  /** The name of the person whose subject `of` gave under this naming. */
  holder(naming: ClusterNaming, subject: string): string {
    if (subjectKindOf(naming) === 'Users') return subject.slice(naming.length);
    return this.holders.get(subject) ?? subject;
  }
}
