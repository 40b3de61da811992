import type { GrantWrite, PolicyDocument, PolicyKindName } from '@ambit/contracts';
import type { ClusterSelector, GrantScope, GrantSubject, NamespaceSelector } from '@ambit/domain';
import { AppError, compareText, instantMillis } from '@ambit/kernel';
import { parseLabelSelector } from '@ambit/rbac';
import type { LabelSelector } from '@ambit/rbac';
import type { KnownNames, Precondition, Put, PutGrant, Transaction } from '@ambit/persistence';
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

interface PutContext {
  readonly tx: Transaction;
  /** Of everything that the document refers to. */
  readonly names: KnownNames;
}

/** Stores one document whose references exist, with its audit events. Throws what the stores throw. */
export async function putDocument(
  { tx, names }: PutContext,
  document: PolicyDocument,
  precondition?: Precondition,
): Promise<Written> {
  const { name, labels, annotations } = document.metadata;
  refuseOtherUid(names, document);
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
      const { members, displayName, closedTo } = document.spec;
      const named = displayName === undefined ? {} : { displayName };
      const memberUids =
        members === undefined ? {} : { memberUids: uidsOf(names, 'User', members) };
      const closed = closedTo === undefined ? {} : { closedTo };
      const put = await tx.groups.put({ ...meta, ...named, ...memberUids, ...closed });
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
        await tx.grants.put({ ...meta, ...grantFields(names, document.spec) }),
        (put) => auditGrant(tx, put),
      );
  }
}

function audited<P extends Written>(put: P, audit: (put: P) => void): P {
  audit(put);
  return put;
}

/** A document with a uid means one object: what was made anew under its name is another one. */
function refuseOtherUid(names: KnownNames, { kind, metadata }: PolicyDocument): void {
  const { uid, name } = metadata;
  if (uid === undefined) return;
  const found = names.uid(kind, name);
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

function grantFields(
  names: KnownNames,
  spec: GrantWrite['spec'],
): Pick<PutGrant, 'subjects' | 'roleUid' | 'scope' | 'until' | 'notBefore' | 'reason'> {
  return {
    subjects: subjectsOf(names, spec.subjects),
    roleUid: uidOf(names, 'Role', spec.role),
    scope: scopeOf(names, spec.scope),
    ...(spec.until === undefined ? {} : { until: instantMillis(spec.until) }),
    ...(spec.notBefore === undefined ? {} : { notBefore: instantMillis(spec.notBefore) }),
    ...(spec.reason === undefined ? {} : { reason: spec.reason }),
  };
}

function subjectsOf(names: KnownNames, subjects: GrantWrite['spec']['subjects']): GrantSubject[] {
  return subjects.map(({ user, group }) =>
    user === undefined
      ? { kind: 'Group', uid: uidOf(names, 'Group', group ?? '') }
      : { kind: 'User', uid: uidOf(names, 'User', user) },
  );
}

function scopeOf(known: KnownNames, scope: GrantWrite['spec']['scope']): GrantScope {
  const { names, all } = scope.clusters;
  const clusters: ClusterSelector =
    names !== undefined
      ? { type: 'names', uids: uidsOf(known, 'Cluster', names).sort() }
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

function uidsOf(known: KnownNames, kind: PolicyKindName, names: readonly string[]): string[] {
  return [...new Set(names)].map((name) => uidOf(known, kind, name));
}

function uidOf(known: KnownNames, kind: PolicyKindName, name: string): string {
  const uid = known.uid(kind, name);
  if (uid === undefined) throw new AppError('not_found', `There is no ${kind} ${name} any more.`);
  return uid;
}
