import { AppError } from '@ambit/kernel';
import { isKubeError, kubeResources } from '@ambit/kube';
import type { KubeClient, KubeResource } from '@ambit/kube';
import { ambitLabels, managedByValue, objectKey, ownership } from '@ambit/rbac';
import type { ObjectKey, OwnershipContext, RbacObject } from '@ambit/rbac';
import type { ObjectInventory } from '../state/object-inventory.ts';

/** In the order in which they go: access first, then what it refers to. */
const kinds = ['ClusterRoleBinding', 'RoleBinding', 'Role', 'ClusterRole'] as const;
export type RemovedKind = (typeof kinds)[number];

const resources: Readonly<Record<RemovedKind, KubeResource>> = {
  ClusterRoleBinding: kubeResources.clusterRoleBindings,
  RoleBinding: kubeResources.roleBindings,
  Role: kubeResources.roles,
  ClusterRole: kubeResources.clusterRoles,
};

export interface Removal {
  readonly removed: Readonly<Record<RemovedKind, number>>;
  /** Objects that carry our labels without being ours: untouched. */
  readonly foreign: readonly string[];
  /** Objects of ours that are still there, and why. */
  readonly left: readonly { readonly object: string; readonly why: string }[];
}

export interface RemovalOptions {
  readonly client: KubeClient;
  readonly owner: Omit<OwnershipContext, 'inventoryUid'>;
  readonly inventory: ObjectInventory;
}

interface Found {
  readonly kind: RemovedKind;
  readonly object: RbacObject;
}

const pageSize = 500;
const atOnce = 8;
const rounds = 3;

/**
 * Removes every object of ours, then looks again until nothing is left or a round brought no change. Finalizers of
 * others are taken off what was deleted. What only looks like ours stays.
 */
export async function removeObjects(options: RemovalOptions): Promise<Removal> {
  const removed: Record<RemovedKind, number> = {
    ClusterRoleBinding: 0,
    RoleBinding: 0,
    Role: 0,
    ClusterRole: 0,
  };
  let left: Removal['left'] = [];
  let foreign: readonly string[] = [];
  for (let round = 0; round < rounds; round++) {
    const found = await findObjects(options);
    foreign = found.foreign;
    left = [];
    if (found.ours.length === 0) break;
    left = await removeAll(options, found.ours, removed);
  }
  const remaining = (await findObjects(options)).ours;
  const why = new Map(left.map((each) => [each.object, each.why]));
  return {
    removed,
    foreign,
    left: remaining.map(({ kind, object }) => {
      const name = textOf(kind, object);
      return {
        object: name,
        why: why.get(name) ?? 'it came back',
      };
    }),
  };
}

async function removeAll(
  options: RemovalOptions,
  ours: readonly Found[],
  removed: Record<RemovedKind, number>,
): Promise<{ object: string; why: string }[]> {
  const failures: { object: string; why: string }[] = [];
  for (const kind of kinds) {
    const queue = ours.filter((each) => each.kind === kind);
    const work = async (): Promise<void> => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const why = await remove(options, next);
        if (why === undefined) removed[kind]++;
        else failures.push({ object: textOf(kind, next.object), why });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }
  return failures;
}

/** Undefined when the object is gone, else why it is not. */
async function remove(
  { client, inventory }: RemovalOptions,
  { kind, object }: Found,
): Promise<string | undefined> {
  const { name, namespace, uid } = object.metadata;
  const place = { name, ...(namespace === undefined ? {} : { namespace }) };
  const resource = resources[kind];
  try {
    const held = await client.delete(resource, place, uid === undefined ? {} : { uid });
    if (held !== undefined) {
      // Somebody's finalizer keeps it alive and in force: what we made must not outlive us.
      const { resourceVersion } = held.metadata;
      await client.mergePatch(resource, place, {
        metadata: { uid, resourceVersion, finalizers: null },
      });
    }
  } catch (error) {
    if (!isKubeError(error, 404)) return isKubeError(error) ? error.message : String(error);
  }
  inventory.remove(objectKey(kind, namespace, name));
  return undefined;
}

async function findObjects(
  options: RemovalOptions,
): Promise<{ readonly ours: readonly Found[]; readonly foreign: readonly string[] }> {
  const ours = new Map<string, Found>();
  const foreign: string[] = [];
  for (const kind of kinds) {
    for await (const object of labelled(options.client, kind)) {
      const key = objectKey(kind, object.metadata.namespace, object.metadata.name);
      if (isOurs(options, key, object)) ours.set(key, { kind, object });
      else foreign.push(textOf(kind, object));
    }
  }
  return { ours: [...ours.values(), ...(await unlabelled(options, ours))], foreign };
}

/** Every object with our label, of all kinds. */
export async function* everyLabelled(client: KubeClient): AsyncGenerator<RbacObject> {
  for (const kind of kinds) yield* labelled(client, kind);
}

async function* labelled(client: KubeClient, kind: RemovedKind): AsyncGenerator<RbacObject> {
  const labelSelector = `${ambitLabels.managedBy}=${managedByValue}`;
  let next: string | undefined;
  do {
    const page = await client.list<RbacObject>(resources[kind], {
      labelSelector,
      limit: pageSize,
      ...(next === undefined ? {} : { continue: next }),
    });
    for (const item of page.items) yield { ...item, kind } as RbacObject;
    next = page.continue;
  } while (next !== undefined);
}

/** What the inventory knows and no list shows: our labels were taken off it. */
async function unlabelled(
  { client, inventory }: RemovalOptions,
  seen: ReadonlyMap<string, Found>,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const key of inventory.keys()) {
    const object = seen.has(key) ? undefined : await objectAt(client, key);
    if (object !== undefined && object.object.metadata.uid === inventory.uid(key)) {
      found.push(object);
    }
  }
  return found;
}

async function objectAt(client: KubeClient, key: ObjectKey): Promise<Found | undefined> {
  const [kind = '', namespace = '', name = ''] = key.split('/');
  if (!isRemovedKind(kind)) return undefined;
  const place = { name, ...(namespace === '' ? {} : { namespace }) };
  try {
    const object = await client.get<RbacObject>(resources[kind], place);
    return { kind, object: { ...object, kind } as RbacObject };
  } catch (cause) {
    if (isKubeError(cause, 404)) return undefined;
    const extras = isKubeError(cause) ? { why: cause.message, cause } : { cause };
    const message = `The API server did not show ${key}, which this agent wrote.`;
    throw new AppError('kubernetes_unavailable', message, extras);
  }
}

function isOurs({ owner, inventory }: RemovalOptions, key: string, object: RbacObject): boolean {
  const whose = ownership(object, { ...owner, inventoryUid: inventory.uid(key) });
  return whose === 'ours' || whose === 'adoptable';
}

function isRemovedKind(kind: string): kind is RemovedKind {
  return kinds.some((known) => known === kind);
}

function textOf(kind: string, { metadata }: RbacObject): string {
  const { name, namespace } = metadata;
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
