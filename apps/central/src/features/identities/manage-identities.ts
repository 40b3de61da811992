import type { Identity } from '@ambit/contracts';
import { defined, notFound } from '@ambit/kernel';
import { findUser, listIdentities } from '@ambit/persistence';
import type { IdentityRecord, Sql, Transaction, UnitOfWork } from '@ambit/persistence';
import { timestamp } from '../../platform/object-response.ts';
import { keepAdmin, objectOf, requireRight } from '../policy/public.ts';
import type { CommitPolicy, CommitRequest } from '../policy/public.ts';
import { endSessionsOfIdentities } from '../sessions/public.ts';
import { giveGroups } from './give-groups.ts';

interface Which {
  /** Name of the person. */
  readonly user: string;
  readonly id: string;
}

/** Which accounts at providers are whose, and the end of that. */
export class ManageIdentities {
  readonly #commit: CommitPolicy;
  readonly #sql: Sql;
  readonly #unitOfWork: Pick<UnitOfWork, 'hasAdmin'>;

  constructor(commit: CommitPolicy, sql: Sql, unitOfWork: Pick<UnitOfWork, 'hasAdmin'>) {
    this.#commit = commit;
    this.#sql = sql;
    this.#unitOfWork = unitOfWork;
  }

  /** Of one person, also those that were unlinked. Throws `not_found`. */
  async list(user: string): Promise<Identity[]> {
    if ((await findUser(this.#sql, user)) === null) throw notFound('User', user);
    return (await listIdentities(this.#sql, user)).map(identityResponse);
  }

  /**
   * The account lets nobody in any more: its sessions end, and so do the memberships that its provider gave. It stays known
   * as the account of this person, unless it is forgotten. Throws `not_found`, `last_admin`. Unlinking twice is no error.
   */
  async unlink({ user, id }: Which, forget: boolean, request: CommitRequest): Promise<Identity> {
    const { value } = await this.#commit.run({ ...request, unguarded: true }, async (tx) => {
      await requireRight(tx, request.actor, 'sessions:write');
      const person = await tx.users.find(user);
      if (person === null) throw notFound('User', user);
      const identity = forget
        ? await tx.identities.forget(person.uid, id)
        : await tx.identities.unlink(person.uid, id);
      await endSessionsOfIdentities(tx, [id], `The account that it began with was unlinked.`);
      await takeGiven(tx, identity);
      audit(tx, identity, forget);
      await keepAdmin(tx, this.#unitOfWork);
      return identity;
    });
    return identityResponse(value);
  }
}

/** What its provider gave, unless the person comes in with another account of it. */
async function takeGiven(tx: Transaction, { provider, user }: IdentityRecord): Promise<void> {
  if (provider === undefined || (await tx.identities.comesBy(user.uid, provider))) return;
  await giveGroups(tx, { provider, person: user, groups: [], keeps: false });
}

function audit(tx: Transaction, { uid, provider = '', user }: IdentityRecord, forgotten: boolean) {
  tx.audit.record({
    type: 'identity.unlinked',
    message: `An account of User ${user.name} was unlinked`,
    object: objectOf('User', user),
    subjects: [user.name],
    details: { identity: uid, provider, forgotten },
  });
}

function identityResponse(record: IdentityRecord): Identity {
  const { uid, user, provider, issuer, subject, linkedBy, unlinkedAt } = record;
  return {
    id: uid,
    user: user.name,
    issuer,
    subject,
    state: stateOf(record),
    linkedBy,
    linkedAt: timestamp(record.linkedAt),
    lastSeenAt: timestamp(record.lastSeenAt),
    ...defined({
      provider,
      unlinkedAt: unlinkedAt === undefined ? undefined : timestamp(unlinkedAt),
    }),
  };
}

function stateOf({ unlinkedAt, provider }: IdentityRecord): Identity['state'] {
  if (unlinkedAt !== undefined) return 'unlinked';
  return provider === undefined ? 'orphaned' : 'linked';
}
