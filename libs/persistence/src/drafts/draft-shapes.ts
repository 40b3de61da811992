import { defined } from '@ambit/kernel';
import { clusterRows, toPolicyCluster } from '../kinds/cluster/cluster-row.ts';
import { specOfCluster } from '../kinds/cluster/cluster.store.ts';
import { grantRows, toPolicyGrant } from '../kinds/grant/grant-row.ts';
import { laidOut } from '../kinds/grant/lay-hours.ts';
import { normalSpec, refuseEmpty, specOfGrant } from '../kinds/grant/grant-spec.ts';
import { plainRows, toPolicyPlain } from '../kinds/plain/plain-row.ts';
import { roleRows, toPolicyRole } from '../kinds/role/role-row.ts';
import { refuseBuiltIn, specOfRole } from '../kinds/role/role.store.ts';
import { toPolicyUser, userRows } from '../kinds/user/user-row.ts';
import { attributesThatDiffer } from '../kinds/user/given-attributes.ts';
import { attributesAfter, specOfUser } from '../kinds/user/user.store.ts';
import type {
  ClusterRecord,
  GrantRecord,
  NamedReference,
  PlainRecord,
  RecordMeta,
  RoleRecord,
  UserRecord,
} from '../records.ts';
import type { PutCluster, PutGrant, PutPlain, PutRole, PutUser } from '../transaction.ts';
import type { DraftContext } from './draft-context.ts';
import type { DraftShape } from './draft-store.ts';
import { NeedsTransaction } from './not-drafted.ts';

export const userShape: DraftShape<UserRecord, PutUser> = {
  stored: userRows,
  kind: 'User',
  specOf: specOfUser,
  wanted: (input, current) => specOfUser({ ...input, attributes: attributesAfter(input, current) }),
  moved: ({ said }) => said !== undefined,
  fields: (input, current) => {
    const attributes = attributesAfter(input, current);
    // Whom rules of teams match by them is for the transaction to see.
    if (
      input.said !== undefined ||
      attributesThatDiffer(attributes, current?.attributes ?? {}).length > 0
    )
      throw new NeedsTransaction();
    const { displayName, active } = input;
    return { ...defined({ displayName, given: current?.given }), active, attributes };
  },
  toPolicy: toPolicyUser,
};

export const roleShape: DraftShape<RoleRecord, PutRole> = {
  stored: roleRows,
  kind: 'Role',
  specOf: specOfRole,
  wanted: specOfRole,
  fields: ({ description, clusterRole, rules }) => ({
    ...defined({ description, clusterRole, rules }),
    builtIn: false,
  }),
  toPolicy: toPolicyRole,
  refuseChange: refuseBuiltIn,
};

export const clusterShape: DraftShape<ClusterRecord, PutCluster> = {
  stored: clusterRows,
  kind: 'Cluster',
  specOf: specOfCluster,
  wanted: specOfCluster,
  fields: ({ subjectMode, userPrefix, access }, current) => ({
    subjectMode,
    userPrefix,
    ...defined({ access, kubeSystemUid: current?.kubeSystemUid }),
  }),
  toPolicy: toPolicyCluster,
};

export const plainShape = (kind: string): DraftShape<PlainRecord, PutPlain> => ({
  stored: plainRows,
  kind,
  specOf: ({ spec }) => spec,
  wanted: ({ spec }) => spec,
  fields: ({ spec }) => ({ spec }),
  toPolicy: toPolicyPlain,
});

export function grantShape(context: DraftContext): DraftShape<GrantRecord, PutGrant> {
  return {
    stored: grantRows,
    kind: 'Grant',
    specOf: specOfGrant,
    wanted: normalSpec,
    moved: ({ source }, current) => source !== undefined && source !== current?.source,
    fields: (input, current) => grantOf(context, input, current),
    toPolicy: toPolicyGrant,
  };
}

/** A grant that has ended lives again only by another end: the same file applied twice changes nothing. */
function grantOf(
  context: DraftContext,
  input: PutGrant,
  current: GrantRecord | null,
): Omit<GrantRecord, keyof RecordMeta> {
  refuseEmpty(input);
  // For whom its condition holds is for the transaction to see.
  if (input.match !== undefined || current?.match !== undefined) throw new NeedsTransaction();
  const { subjects, roleUid, scope, notBefore, until, hours, reason } = normalSpec(input);
  const { clusters } = scope;
  const uids = clusters.type === 'names' ? clusters.uids : [];
  return {
    subjects: subjects.map(({ kind, uid }) => ({ kind, uid, name: nameOf(context, kind, uid) })),
    role: named(context, 'Role', roleUid),
    scope,
    clusters: uids.map((uid) => named(context, 'Cluster', uid)).sort(byName),
    ...defined({ notBefore, until, hours, reason }),
    ...laidOut(input, current, context.at.getTime()),
    source: input.source ?? current?.source ?? 'api',
    ended: current?.ended === true && until === current.until,
  };
}

const byName = (a: NamedReference, b: NamedReference): number => (a.name < b.name ? -1 : 1);

const named = (context: DraftContext, kind: string, uid: string): NamedReference => ({
  uid,
  name: nameOf(context, kind, uid),
});

/** Of an object that the caller looked up. Throws `NeedsTransaction` for any other. */
export function nameOf({ names, known }: DraftContext, kind: string, uid: string): string {
  const name = names.name(uid) ?? known?.name(kind, uid);
  if (name === undefined) throw new NeedsTransaction();
  return name;
}
