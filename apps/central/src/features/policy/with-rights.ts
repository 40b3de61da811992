import { isDeepStrictEqual } from 'node:util';
import { defaultUserPrefix, findPolicyKind } from '@ambit/contracts';
import type { Permission } from '@ambit/contracts';
import type { AuditActor } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { NamedReference, PutCluster, SessionRecord, Transaction } from '@ambit/persistence';
import { permissionsOfRoles } from '../../platform/actor.ts';
import { grantsOfTeams, teamsOfTeams } from './team-rights.ts';

/** What a store does that changes nothing; everything else needs the right to write. */
const readings = new Set<string | symbol>(['find', 'byUid']);

/**
 * The transaction as the person or program has it whose session acts: what they may not write is refused, by whatever way
 * it comes. Session and rights are read in the transaction itself, so who lost them a moment ago writes nothing any more.
 * What follows from a change that they may make, such as a grant that loses a subject, follows. Throws `session_ended`.
 */
export async function withRights(tx: Transaction, actor: AuditActor): Promise<Transaction> {
  const rights = await rightsOf(tx, actor);
  if (rights === undefined) return tx;
  const { held, teams } = rights;
  const need = (permission: Permission): void => {
    if (!held.has(permission)) throw denied(actor, permission);
  };
  const guarded = <S extends object>(store: S, permission: Permission): S =>
    onlyWith(store, () => need(permission));
  const bounded = (permission: Permission): boolean => teams.length > 0 && !held.has(permission);
  return {
    ...tx,
    users: guarded(tx.users, 'users:write'),
    groups: guarded(tx.groups, 'groups:write'),
    members: guarded(tx.members, 'groups:write'),
    roles: guarded(tx.roles, 'roles:write'),
    directories: guarded(tx.directories, 'users:write'),
    grants: bounded('grants:write') ? grantsOfTeams(tx, teams) : guarded(tx.grants, 'grants:write'),
    clusters: guardedClusters(tx, need),
    plain: (kind) =>
      kind === 'Team' && bounded('teams:write')
        ? teamsOfTeams(tx, teams)
        : guarded(tx.plain(kind), writingOf(kind)),
  };
}

/**
 * The same for what is no object of the policy, such as tokens and agents: the right that its route needs, read in the
 * transaction. Throws `session_ended` and `permission_denied`.
 */
export async function requireRight(
  tx: Transaction,
  actor: AuditActor,
  permission: Permission,
): Promise<void> {
  const rights = await rightsOf(tx, actor);
  if (rights?.held.has(permission) === false) throw denied(actor, permission);
}

interface HeldRights {
  readonly held: ReadonlySet<Permission>;
  /** The teams that they look after. */
  readonly teams: readonly NamedReference[];
}

/** What the person or program of a session may do at this moment; undefined for who acts by no session. */
async function rightsOf(tx: Transaction, actor: AuditActor): Promise<HeldRights | undefined> {
  if (actor.session === undefined) return undefined;
  const session = await tx.sessions.find(actor.session);
  if (session === undefined || !runs(session)) throw ended(actor);
  const { roles, teams } = session.principal;
  return { held: new Set(permissionsOfRoles(roles)), teams };
}

const runs = ({ endedAt, over, principal }: SessionRecord): boolean =>
  endedAt === undefined && !over && principal.present;

/**
 * Clusters: where people send their credentials, and by which names they are known there, is for those alone who may let
 * anybody into them.
 */
function guardedClusters(
  { clusters }: Transaction,
  need: (permission: Permission) => void,
): Transaction['clusters'] {
  const guarded = onlyWith(clusters, () => need('clusters:write'));
  return Object.assign(Object.create(guarded) as Transaction['clusters'], {
    put: async (input: PutCluster) => {
      const stored = await clusters.find(input.name);
      if (!isDeepStrictEqual(wayIn(input), wayIn(stored ?? unopened))) need('clusters:access');
      return guarded.put(input);
    },
  });
}

const unopened = { userPrefix: defaultUserPrefix, subjectMode: 'Users' } as const;

const wayIn = ({
  access,
  userPrefix,
  subjectMode,
}: Pick<PutCluster, 'access' | 'userPrefix' | 'subjectMode'>): unknown[] => [
  access ?? null,
  userPrefix,
  subjectMode,
];

/** The store, of which whatever is no reading is checked first. */
function onlyWith<S extends object>(store: S, check: () => void): S {
  return new Proxy(store, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...given: unknown[]): Promise<unknown> => {
        if (!readings.has(name)) check();
        return Reflect.apply(method, target, given) as unknown;
      };
    },
  });
}

/** Throws `internal` for what is no kind of the policy: nobody has a right to it. */
function writingOf(kind: string): Permission {
  const contract = findPolicyKind(kind);
  if (contract === undefined) throw new AppError('internal', `${kind} is no kind of the policy.`);
  return `${contract.plural}:write`;
}

const ended = ({ name }: AuditActor): AppError =>
  new AppError('session_ended', `The session of ${name} has ended.`, {
    why: 'It ended, its time was over, or its holder was locked, while this was worked out.',
    hint: 'Nothing was changed.',
    nextCommand: 'ambit login',
  });

const denied = ({ name }: AuditActor, permission: Permission): AppError =>
  new AppError('permission_denied', `${name} may not do this.`, {
    why: `It needs ${permission}, which no Delegation gives.`,
    hint: 'Ask an administrator of Ambit. Nothing was changed.',
    details: { missing: permission },
  });
