import type { GrantWrite, PolicyDocument } from '@ambit/contracts';
import type { ClusterSelector, GrantScope, GrantSubject, NamespaceSelector } from '@ambit/domain';
import { AppError, compareText } from '@ambit/kernel';
import { parseLabelSelector } from '@ambit/rbac';
import type { LabelSelector } from '@ambit/rbac';
import type { Precondition, Put, PutGrant, Transaction } from '@ambit/persistence';
import { auditCluster, auditGrant, auditGroup, auditRole, auditUser } from './policy-audit.ts';

type Written = Put<{
  readonly uid: string;
  readonly name: string;
  readonly resourceVersion: number;
}>;

const order = ['User', 'Role', 'Cluster', 'Group', 'Grant'] as const;

/** Documents in an order in which every reference is there before it is needed; names in one order for all, so that two sets wait for each other instead of deadlocking. */
export function inWritingOrder<D extends { readonly document: PolicyDocument }>(
  documents: readonly D[],
): D[] {
  return documents.toSorted(
    ({ document: a }, { document: b }) =>
      order.indexOf(a.kind) - order.indexOf(b.kind) ||
      compareText(a.metadata.name, b.metadata.name),
  );
}

/** Stores one document whose references exist, with its audit events. Throws what the stores throw. */
export async function putDocument(
  tx: Transaction,
  document: PolicyDocument,
  precondition?: Precondition,
): Promise<Written> {
  const { name, labels, annotations } = document.metadata;
  await refuseOtherUid(tx, document);
  const required = precondition ?? metadataPrecondition(document);
  const meta = {
    name,
    labels,
    annotations,
    ...(required === undefined ? {} : { precondition: required }),
  };
  switch (document.kind) {
    case 'User':
      return audited(await tx.users.put({ ...meta, ...document.spec }), (put) =>
        auditUser(tx, put),
      );
    case 'Group': {
      const { members, displayName } = document.spec;
      const named = displayName === undefined ? {} : { displayName };
      const memberUids =
        members === undefined ? {} : { memberUids: await uidsOf(tx.users, members) };
      const put = await tx.groups.put({ ...meta, ...named, ...memberUids });
      return audited(put, () => auditGroup(tx, put));
    }
    case 'Role':
      return audited(await tx.roles.put({ ...meta, ...document.spec }), (put) =>
        auditRole(tx, put),
      );
    case 'Cluster':
      return audited(
        await tx.clusters.put({
          ...meta,
          subjectMode: document.spec.subjects.mode,
          userPrefix: document.spec.subjects.userPrefix,
        }),
        (put) => auditCluster(tx, put),
      );
    case 'Grant':
      return audited(
        await tx.grants.put({ ...meta, ...(await grantFields(tx, document.spec)) }),
        (put) => auditGrant(tx, put),
      );
  }
}

function audited<P extends Written>(put: P, audit: (put: P) => void): P {
  audit(put);
  return put;
}

const storeOf = {
  User: 'users',
  Group: 'groups',
  Role: 'roles',
  Cluster: 'clusters',
  Grant: 'grants',
} as const;

/** A document with a uid means one object: what was made anew under its name is another one. */
async function refuseOtherUid(tx: Transaction, { kind, metadata }: PolicyDocument): Promise<void> {
  const { uid, name } = metadata;
  if (uid === undefined) return;
  const found = (await tx[storeOf[kind]].uids([name])).get(name);
  if (found === uid) return;
  throw new AppError(
    'stale_resource',
    found === undefined
      ? `${kind} ${name} does not exist any more.`
      : `${kind} ${name} is another one now.`,
    {
      why: `You named the uid ${uid}${found === undefined ? '' : `, it has ${found}`}.`,
      hint: 'Read it again, or leave metadata.uid out.',
    },
  );
}

function metadataPrecondition({ metadata }: PolicyDocument): Precondition | undefined {
  return metadata.resourceVersion === undefined
    ? undefined
    : { revision: Number(metadata.resourceVersion) };
}

async function grantFields(
  tx: Transaction,
  spec: GrantWrite['spec'],
): Promise<Pick<PutGrant, 'subjects' | 'roleUid' | 'scope' | 'until' | 'notBefore' | 'reason'>> {
  const [roleUid = ''] = await uidsOf(tx.roles, [spec.role]);
  return {
    subjects: await subjectsOf(tx, spec.subjects),
    roleUid,
    scope: await scopeOf(tx, spec.scope),
    ...(spec.until === undefined ? {} : { until: Date.parse(spec.until) }),
    ...(spec.notBefore === undefined ? {} : { notBefore: Date.parse(spec.notBefore) }),
    ...(spec.reason === undefined ? {} : { reason: spec.reason }),
  };
}

async function subjectsOf(
  tx: Transaction,
  subjects: GrantWrite['spec']['subjects'],
): Promise<GrantSubject[]> {
  const users = subjects.flatMap(({ user }) => (user === undefined ? [] : [user]));
  const groups = subjects.flatMap(({ group }) => (group === undefined ? [] : [group]));
  return [
    ...(await uidsOf(tx.users, users)).map((uid) => ({ kind: 'User', uid }) as const),
    ...(await uidsOf(tx.groups, groups)).map((uid) => ({ kind: 'Group', uid }) as const),
  ];
}

async function scopeOf(tx: Transaction, scope: GrantWrite['spec']['scope']): Promise<GrantScope> {
  const { names, all } = scope.clusters;
  const clusters: ClusterSelector =
    names !== undefined
      ? { type: 'names', uids: (await uidsOf(tx.clusters, names)).sort() }
      : all === true
        ? { type: 'all' }
        : { type: 'selector', selector: labelSelector(scope.clusters) };
  return { clusters, namespaces: namespacesOf(scope) };
}

function namespacesOf({ namespaces }: GrantWrite['spec']['scope']): NamespaceSelector {
  if (namespaces === undefined) return { type: 'clusterWide' };
  if (namespaces.names !== undefined)
    return { type: 'names', names: [...new Set(namespaces.names)].sort() };
  if (namespaces.all === true) return { type: 'all' };
  return { type: 'selector', selector: labelSelector(namespaces) };
}

type Selecting = Pick<GrantWrite['spec']['scope']['clusters'], 'matchLabels' | 'matchExpressions'>;

function labelSelector({ matchLabels, matchExpressions }: Selecting): LabelSelector {
  const parsed = parseLabelSelector({ matchLabels, matchExpressions });
  if (!parsed.ok) {
    throw new AppError('invalid_policy', 'A label selector is not valid.', {
      errors: parsed.problems,
    });
  }
  return parsed.value;
}

interface UidSource {
  uids(names: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

async function uidsOf(store: UidSource, names: readonly string[]): Promise<string[]> {
  const wanted = [...new Set(names)];
  if (wanted.length === 0) return [];
  const found = await store.uids(wanted);
  return wanted.map((name) => {
    const uid = found.get(name);
    if (uid === undefined) throw new AppError('not_found', `There is no ${name} any more.`);
    return uid;
  });
}
