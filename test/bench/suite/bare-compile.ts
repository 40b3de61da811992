import { hash } from 'node:crypto';
import type { PolicyGrant, PolicyObject } from '@ambit/domain';

/** What a cluster holds, as the bare compile works it out. */
export interface BareCluster {
  /** Canonical JSON of each binding, sorted. */
  readonly bindings: readonly string[];
  readonly digest: string;
}

interface Binding {
  readonly grant: PolicyGrant;
  readonly role: unknown;
  readonly subjects: Set<string>;
  readonly grants: string[];
}

interface World {
  readonly users: Map<string, string>;
  readonly members: Map<string, string[]>;
  readonly roles: Map<string, unknown>;
  readonly clusters: Map<string, Map<string, Binding>>;
  readonly byLabel: Map<string, string[]>;
  readonly grants: PolicyGrant[];
}

const mostGrantNames = 16;

/** What both sides make of a binding: fields in one order, lists sorted. */
export function bindingText(binding: {
  readonly role: unknown;
  readonly namespaces: readonly string[];
  readonly until: number | undefined;
  readonly subjects: readonly string[];
  readonly grants: readonly string[];
}): string {
  const { role, namespaces, until, subjects, grants } = binding;
  return JSON.stringify({ grants, namespaces, role, subjects, until });
}

/** SHA-256 over the SHA-256 of each binding, in their order. */
export function digestOf(bindings: readonly string[]): string {
  return hash('sha256', bindings.map((text) => hash('sha256', text, 'hex')).join(''), 'hex');
}

/**
 * The whole policy of `fleetObjects` compiled in one go that keeps nothing: no index, no change afterwards, no guard, no
 * count of who holds what, no key of an entry, no check of a reference.
 */
export function bareCompile(objects: Iterable<PolicyObject>): ReadonlyMap<string, BareCluster> {
  const world = readWorld(objects);
  for (const grant of world.grants) bind(grant, world);
  const compiled = new Map<string, BareCluster>();
  for (const [cluster, bindings] of world.clusters) {
    const texts = Array.from(bindings.values(), textOf).sort();
    compiled.set(cluster, { bindings: texts, digest: digestOf(texts) });
  }
  return compiled;
}

function readWorld(objects: Iterable<PolicyObject>): World {
  const world: World = {
    users: new Map(),
    members: new Map(),
    roles: new Map(),
    clusters: new Map(),
    byLabel: new Map(),
    grants: [],
  };
  for (const each of objects) readObject(each, world);
  return world;
}

function readObject(each: PolicyObject, world: World): void {
  switch (each.kind) {
    case 'User':
      world.users.set(each.uid, `ambit:${each.name}`);
      break;
    case 'Group':
      world.members.set(each.uid, []);
      break;
    case 'Membership':
      world.members.get(each.groupUid)?.push(each.userUid);
      break;
    case 'Role':
      world.roles.set(each.uid, each.clusterRole ?? { uid: each.uid });
      break;
    case 'Grant':
      world.grants.push(each);
      break;
    case 'Cluster':
      world.clusters.set(each.uid, new Map());
      for (const label of Object.entries(each.labels)) addLabel(label.join('='), each.uid, world);
      break;
    // No policy that is measured has one.
    case 'Team':
    case 'Plain':
  }
}

function addLabel(label: string, cluster: string, { byLabel }: World): void {
  const list = byLabel.get(label);
  if (list === undefined) byLabel.set(label, [cluster]);
  else list.push(cluster);
}

const namespacesOf = ({ scope: { namespaces } }: PolicyGrant): readonly string[] =>
  namespaces.type === 'names' ? namespaces.names : [];

function clustersOf({ scope: { clusters } }: PolicyGrant, { byLabel }: World): readonly string[] {
  if (clusters.type === 'names') return clusters.uids;
  const [label] = clusters.type === 'selector' ? clusters.selector.requirements : [];
  return label === undefined ? [] : (byLabel.get(`${label.key}=${label.values[0] ?? ''}`) ?? []);
}

function bind(grant: PolicyGrant, world: World): void {
  const people = grant.subjects.flatMap(({ kind, uid }) =>
    kind === 'User' ? [uid] : (world.members.get(uid) ?? []),
  );
  const subjects = people.map((uid) => world.users.get(uid) ?? '');
  const end = grant.until === undefined ? '' : grant.uid;
  const address = `${grant.roleUid}/${namespacesOf(grant).join()}/${end}`;
  for (const cluster of clustersOf(grant, world)) {
    const bindings = world.clusters.get(cluster);
    const role = world.roles.get(grant.roleUid);
    const binding: Binding = bindings?.get(address) ?? {
      grant,
      role,
      subjects: new Set(),
      grants: [],
    };
    bindings?.set(address, binding);
    for (const subject of subjects) binding.subjects.add(subject);
    binding.grants.push(grant.name);
  }
}

const textOf = ({ grant, role, subjects, grants }: Binding): string =>
  bindingText({
    role,
    namespaces: namespacesOf(grant),
    until: grant.until,
    subjects: [...subjects].sort(),
    grants: grants.sort().slice(0, mostGrantNames),
  });
