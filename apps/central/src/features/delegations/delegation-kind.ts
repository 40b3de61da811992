import { apiVersion } from '@ambit/contracts';
import { findPlain, listPlain, namesOfUids } from '@ambit/persistence';
import type { PlainRecord } from '@ambit/persistence';
import { objectMeta } from '../../platform/object-response.ts';
import { auditPlainPut, auditRemoved, policyKind, uidOf } from '../policy/public.ts';
import type { Reference } from '../policy/public.ts';

/** A subject as it is stored: what is made again under a name of before inherits nothing. */
interface StoredSubject {
  readonly kind: 'User' | 'Group';
  readonly uid: string;
}

/** Who may do what in Ambit itself. */
export const delegationKind = policyKind<'Delegation', PlainRecord>({
  kind: 'Delegation',
  references: ({ spec }) =>
    spec.subjects.map(({ user, group }, i): Reference => {
      return user === undefined
        ? { kind: 'Group', name: group ?? '', pointer: `/spec/subjects/${i}/group` }
        : { kind: 'User', name: user, pointer: `/spec/subjects/${i}/user` };
    }),
  put: async ({ tx, names }, { spec }, meta) => {
    const subjects = spec.subjects.map(({ user, group }): StoredSubject => {
      const kind = user === undefined ? 'Group' : 'User';
      return { kind, uid: uidOf(names, kind, user ?? group ?? '') };
    });
    const put = await tx.plain('Delegation').put({ ...meta, spec: { ...spec, subjects } });
    const named = spec.subjects.map(({ user, group }) =>
      user === undefined ? `group/${group}` : `user/${user}`,
    );
    auditPlainPut(tx, put, { role: spec.role, subjects: named });
    return put;
  },
  remove: async (tx, name, options) => {
    const removed = await tx.plain('Delegation').remove(name, options);
    return auditRemoved(tx, { kind: 'Delegation', type: 'policy.deleted' }, removed);
  },
  reading: {
    find: (database, name) => findPlain(database, 'Delegation', name),
    list: (database, query) => listPlain(database, 'Delegation', query),
    answer: async (records, { database }) => {
      const uids = records.flatMap((record) => subjectsOf(record).map(({ uid }) => uid));
      const names = await namesOfUids(database, uids);
      return records.map((record) => delegationResponse(record, names));
    },
  },
});

const subjectsOf = ({ spec }: PlainRecord): readonly StoredSubject[] =>
  spec['subjects'] as readonly StoredSubject[];

function delegationResponse(record: PlainRecord, names: ReadonlyMap<string, string>): object {
  const subjects = subjectsOf(record).flatMap(({ kind, uid }): object[] => {
    const name = names.get(uid);
    if (name === undefined) return [];
    return [kind === 'User' ? { user: name } : { group: name }];
  });
  return {
    apiVersion,
    kind: record.kind,
    metadata: objectMeta(record),
    spec: { ...record.spec, subjects },
    status: { conditions: [] },
  };
}
