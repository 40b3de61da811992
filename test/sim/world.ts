import { kubeResources } from '@ambit/kube';
import { rbacApiGroup } from '@ambit/rbac';
import { allow, changing, refusing } from './admissions.ts';
import { drift, drifts, takeOff } from './drift.ts';
import type { SeededRandom } from '@ambit/testing';
import { VirtualCluster } from './virtual-cluster.ts';
import type { Stored } from './virtual-cluster.ts';
import type { VirtualInventory } from './virtual-inventory.ts';
import { VirtualTime } from './virtual-time.ts';

const { roleBindings, namespaces, clusterRoles } = kubeResources;
const policies = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingadmissionpolicies',
  kind: 'ValidatingAdmissionPolicy',
  namespaced: false,
} as const;
const admin = 'kubectl';
export const namespaceNames = ['n0', 'n1', 'n2'];
/** Each gives what the one before it gives, and more. */
const roles = { view: ['get'], edit: ['get', 'create'], admin: ['*'] };

/** A cluster and what others do in it. */
export class World {
  readonly time = new VirtualTime();
  readonly cluster = new VirtualCluster(this.time);
  /** Uids of what others put there. */
  readonly strangers = new Set<string>();
  readonly #random: SeededRandom;
  /** What others made by copying all that is ours but the role: by its name and labels it passes for ours. */
  readonly #forged = new Set<string>();
  #admission: 'free' | 'refuses' | 'changes' = 'free';

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get admitsAll(): boolean {
    return this.#admission === 'free';
  }

  begin(): void {
    for (const [name, verbs] of Object.entries(roles)) {
      const rules = [{ apiGroups: [''], resources: ['pods'], verbs }];
      this.cluster.create(clusterRoles, { metadata: { name }, rules } as never, admin);
    }
    for (const name of namespaceNames) this.cluster.create(namespaces, named(name), admin);
  }

  /** Everything is admitted again; nobody sees that. */
  admitAll(): void {
    this.#admission = 'free';
    this.cluster.admission = allow;
  }

  #ours(): Stored | undefined {
    const ours = this.cluster
      .all('rolebindings')
      .filter(({ metadata }) => !this.strangers.has(metadata.uid ?? ''));
    return ours.length === 0 ? undefined : this.#random.pick(ours);
  }

  drift(inventory: VirtualInventory): string {
    const object = this.#ours();
    if (object === undefined) return 'nothing';
    const { uid = '' } = object.metadata;
    const what = this.#random.pick(drifts);
    const forged = this.#forged.has(uid);
    if (what === 'labels') {
      if (!forged && !isKnownBare(object, inventory)) return 'nothing';
      if (forged) this.strangers.add(uid);
    }
    const made = drift(this.cluster, object, what, this.time.truth());
    if (made !== undefined) this.#whose(object).add(made.metadata.uid ?? '');
    return `${what} ${object.metadata.namespace}/${object.metadata.name}`;
  }

  /** What took the place of an object with its marks passes for ours, when it had any. */
  #whose({ metadata: { labels } }: Stored): Set<string> {
    return labels === undefined ? this.strangers : this.#forged;
  }

  /** Somebody else's binding, without our labels, under a name of ours. */
  putStranger(): string {
    const object = this.#ours();
    if (object === undefined) return 'nothing';
    const { name, namespace = '' } = object.metadata;
    takeOff(this.cluster, object);
    const roleRef = { apiGroup: rbacApiGroup, kind: 'ClusterRole', name: 'admin' } as const;
    const subjects = [{ kind: 'User', apiGroup: rbacApiGroup, name: 'ambit:eve' }];
    const stranger = this.cluster.create(
      roleBindings,
      { metadata: { name, namespace }, roleRef, subjects } as never,
      admin,
    );
    this.strangers.add(stranger.metadata.uid ?? '');
    return `${namespace}/${name}`;
  }

  strangerGoes(): string {
    const stranger = this.cluster
      .all('rolebindings')
      .find(({ metadata }) => this.strangers.has(metadata.uid ?? ''));
    if (stranger === undefined) return 'nobody';
    takeOff(this.cluster, stranger);
    return stranger.metadata.name;
  }

  changeAdmission(): string {
    this.#admission =
      this.#admission === 'free' ? this.#random.pick(['refuses', 'changes'] as const) : 'free';
    const verbs = this.#random.pick([
      ['create', 'patch'],
      ['delete', 'patch'],
      ['create', 'patch', 'delete'],
    ]);
    const kind = this.#random.pick(['adds', 'role'] as const);
    this.cluster.admission =
      this.#admission === 'free'
        ? allow
        : this.#admission === 'refuses'
          ? refusing(verbs)
          : changing(kind);
    // What a webhook asks somebody else changes without anybody seeing it.
    if (this.#random.chance(0.5)) this.#tellOfPolicies();
    return `${this.#admission} ${this.#admission === 'refuses' ? verbs.join() : kind}`;
  }

  /** Whoever watches policies sees that one came or went. */
  #tellOfPolicies(): void {
    const place = { name: 'policy' };
    if (this.cluster.all(policies.plural).length > 0) this.cluster.delete(policies, place, admin);
    else this.cluster.create(policies, { metadata: place }, admin);
  }

  changeNamespace(): string {
    const name = this.#random.pick(namespaceNames);
    const there = this.cluster.all('namespaces').some(({ metadata }) => metadata.name === name);
    if (there) this.cluster.delete(namespaces, { name }, admin);
    else this.cluster.create(namespaces, named(name), admin);
    return `${name} ${there ? 'goes' : 'comes'}`;
  }
}

/**
 * Without labels an agent knows it by its inventory, where that was saved before it was killed, and not when admission
 * gave it another role than its name says: an inventory that somebody wrote into would prove as much.
 */
function isKnownBare(object: Stored, inventory: VirtualInventory): boolean {
  const { name } = object.metadata;
  return inventory.isSaved(object) && name.startsWith(`ambit-${object.roleRef?.name}-`);
}

function named(name: string): { metadata: { name: string; labels: Record<string, string> } } {
  return { metadata: { name, labels: { 'kubernetes.io/metadata.name': name } } };
}
