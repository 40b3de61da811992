import { findUser, listUsers } from '@ambit/persistence';
import type { Put, UserRecord } from '@ambit/persistence';
import { auditRemoved, objectOf, policyKind } from '../policy/public.ts';
import type { Audit } from '../policy/public.ts';
import { userResponse } from './user-response.ts';

/** People. Deleting one takes memberships, subject entries and grants for nobody else along. */
export const userKind = policyKind<'User', UserRecord>({
  kind: 'User',
  put: async ({ tx }, { spec }, meta) => {
    const put = await tx.users.put({ ...meta, ...spec });
    auditUser(tx, put);
    return put;
  },
  remove: async (tx, name, options) => {
    const facts = { subjects: [name] };
    const removed = await tx.users.remove(name, options);
    return auditRemoved(tx, { kind: 'User', type: 'user.deleted', facts }, removed);
  },
  reading: {
    find: findUser,
    list: listUsers,
    answer: (users, { world }) => users.map((user) => userResponse(user, world.policy)),
  },
});

/** What a put of a user did, as events of its transaction. */
function auditUser({ audit }: Audit, { outcome, record, previous }: Put<UserRecord>): void {
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
