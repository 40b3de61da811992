import { apiVersion } from '@ambit/contracts';
import { findPlain, listPlain, namesOfUids } from '@ambit/persistence';
import type { HolderReference, PlainRecord } from '@ambit/persistence';
import { objectMeta } from '../../platform/object-response.ts';
import { subjectOf, subjectResponse } from '../grants/public.ts';
import { auditPlainPut, auditRemoved, policyKind, uidOf } from '../policy/public.ts';
import type { Reference } from '../policy/public.ts';

/**
 * Who may do what in Ambit itself. Subjects are stored by their uids: what is made again under a name of before inherits
 * nothing.
 */
export const delegationKind = policyKind<'Delegation', PlainRecord>({
  kind: 'Delegation',
  references: ({ spec }) =>
    spec.subjects.map((subject, i): Reference => {
      const { kind, name, field } = subjectOf(subject);
      return { kind, name, pointer: `/spec/subjects/${i}/${field}` };
    }),
  put: async ({ tx, names }, { spec }, meta) => {
    const named = spec.subjects.map(subjectOf);
    const subjects = named.map(({ kind, name }): HolderReference => {
      return { kind, uid: uidOf(names, kind, name) };
    });
    const put = await tx.plain('Delegation').put({ ...meta, spec: { ...spec, subjects } });
    const whom = named.map(({ field, name }) => `${field}/${name}`);
    auditPlainPut(tx, put, { role: spec.role, subjects: whom });
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

const subjectsOf = ({ spec }: PlainRecord): readonly HolderReference[] =>
  spec['subjects'] as readonly HolderReference[];

function delegationResponse(record: PlainRecord, names: ReadonlyMap<string, string>): object {
  const subjects = subjectsOf(record).flatMap(({ kind, uid }) => {
    const name = names.get(uid);
    return name === undefined ? [] : [subjectResponse({ kind, uid, name })];
  });
  return {
    apiVersion,
    kind: record.kind,
    metadata: objectMeta(record),
    spec: { ...record.spec, subjects },
    status: { conditions: [] },
  };
}
