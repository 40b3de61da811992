import { findUser, listUsers } from '@ambit/persistence';
import type { Put, UserRecord } from '@ambit/persistence';
import { auditRemoved, objectOf, policyKind } from '../policy/public.ts';
import { endSessionsOf } from '../sessions/public.ts';
import type { Audit } from '../policy/public.ts';
import { userResponse } from './user-response.ts';

/** People. Deleting one takes memberships, subject entries and grants for nobody else along. */
export const userKind = policyKind<'User', UserRecord>({
  kind: 'User',
  put: async ({ tx }, { spec }, meta) => {
    const put = await tx.users.put({ ...meta, ...spec });
    auditUser(tx, put);
    if (isLocked(put)) await endSessionsOf(tx, put.record, `User ${put.record.name} was locked.`);
    return put;
  },
  remove: async (tx, name, options) => {
    const facts = { subjects: [name] };
    const removed = await tx.users.remove(name, options);
    await endSessionsOf(tx, removed.record, `User ${name} was deleted.`);
    return auditRemoved(tx, { kind: 'User', type: 'user.deleted', facts }, removed);
  },
  reading: {
    find: findUser,
    list: listUsers,
    answer: (users, { world }) => users.map((user) => userResponse(user, world.policy)),
  },
});

/** True when the put is what takes the person's access away. */
function isLocked({ record, previous }: Put<UserRecord>): boolean {
  return previous?.active === true && !record.active;
}

/** What a put of a user did, as events of its transaction. */
export function auditUser({ audit }: Audit, { outcome, record, previous }: Put<UserRecord>): void {
  if (outcome === 'unchanged') return;
  const event = { object: objectOf('User', record), subjects: [record.name] };
  if (previous !== undefined && previous.active !== record.active) {
    audit.record(
      record.active
        ? { type: 'user.activated', message: `User ${record.name} was activated`, ...event }
        : {
            type: 'user.deactivated',
            message: `User ${record.name} was deactivated: all access ends`,
            ...event,
          },
    );
    return;
  }
  const type = outcome === 'created' ? 'user.created' : 'user.updated';
  audit.record({ type, message: `User ${record.name} was ${outcome}`, ...event });
}
