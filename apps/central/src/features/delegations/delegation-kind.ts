import { apiVersion } from '@ambit/contracts';
import { defined } from '@ambit/kernel';
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
  references: ({ spec }) => [
    ...spec.subjects.map((subject, i): Reference => {
      const { kind, name, field } = subjectOf(subject);
      return { kind, name, pointer: `/spec/subjects/${i}/${field}` };
    }),
    ...(spec.team === undefined
      ? []
      : [{ kind: 'Team' as const, name: spec.team, pointer: '/spec/team' }]),
  ],
  put: async ({ tx, names }, { spec }, meta) => {
    const named = spec.subjects.map(subjectOf);
    const subjects = named.map(({ kind, name }): HolderReference => {
      return { kind, uid: uidOf(names, kind, name) };
    });
    const { team } = spec;
    const about = defined({ team: team === undefined ? undefined : uidOf(names, 'Team', team) });
    const put = await tx
      .plain('Delegation')
      .put({ ...meta, spec: { ...spec, subjects, ...about } });
    const whom = named.map(({ field, name }) => `${field}/${name}`);
    auditPlainPut(tx, put, { role: spec.role, subjects: whom, ...defined({ team }) });
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
      const uids = records.flatMap((record) => [
        ...subjectsOf(record).map(({ uid }) => uid),
        ...teamUidsOf(record),
      ]);
      const names = await namesOfUids(database, uids);
      return records.map((record) => delegationResponse(record, names));
    },
  },
});

const teamUidsOf = ({ spec: { team } }: PlainRecord): readonly string[] =>
  typeof team === 'string' ? [team] : [];

const subjectsOf = ({ spec }: PlainRecord): readonly HolderReference[] =>
  spec['subjects'] as readonly HolderReference[];

function delegationResponse(record: PlainRecord, names: ReadonlyMap<string, string>): object {
  const subjects = subjectsOf(record).flatMap(({ kind, uid }) => {
    const name = names.get(uid);
    return name === undefined ? [] : [subjectResponse({ kind, uid, name })];
  });
  const [team] = teamUidsOf(record).map((uid) => names.get(uid));
  const { team: _, ...said } = record.spec;
  return {
    apiVersion,
    kind: record.kind,
    metadata: objectMeta(record),
    spec: { ...said, subjects, ...defined({ team }) },
    status: { conditions: [] },
  };
}
