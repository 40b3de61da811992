import type { AccessRevoke, ObjectResult, RevokeResult } from '@ambit/contracts';
import {
  directGrantsOf,
  grantScopeText,
  holderOfService,
  parseScope,
  remainingThroughOthers,
  widerDirectGrants,
} from '@ambit/domain';
import type { PolicyGrant, RevocationFilter } from '@ambit/domain';
import { defined, notFound } from '@ambit/kernel';
import type { GrantRecord, Transaction } from '@ambit/persistence';
import { timestamp } from '../../platform/object-response.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import { auditGrant, auditGrantDeleted } from '../grants/public.ts';
import { applyResult } from '../policy/public.ts';
import type { CommitPolicy, CommitRequest, Connections } from '../policy/public.ts';

type Remaining = RevokeResult['remaining'][number];

interface Subject {
  /** As the compiler has it. */
  readonly kind: 'User' | 'Group' | 'Team';
  readonly uid: string;
  /** As the command takes it. */
  readonly text: string;
}

/** Takes a subject out of the direct grants that fit, in one revision, and names what it keeps and how to end that. */
export class RevokeAccess {
  readonly #commit: CommitPolicy;
  readonly #world: PolicyWorld;
  readonly #connections: Connections;

  constructor(commit: CommitPolicy, world: PolicyWorld, connections: Connections) {
    this.#commit = commit;
    this.#world = world;
    this.#connections = connections;
  }

  /** Throws `not_found`, and what `CommitPolicy.run` throws. */
  async execute(revoke: AccessRevoke, request: CommitRequest): Promise<RevokeResult> {
    const subject = this.#subjectOf(revoke.subject);
    const filter = this.#filterOf(revoke);
    const grants = directGrantsOf(this.#world.policy, subject.uid, filter, subject.kind);
    const result = await this.#commit.run(request, async (tx) => {
      const outcomes: ObjectResult[] = [];
      for (const grant of grants) outcomes.push(await takeOut(tx, grant.name, subject));
      return outcomes;
    });
    const answer = await applyResult(result, result.value, {
      dryRun: request.dryRun === true,
      connections: this.#connections,
    });
    return { ...answer, kind: 'RevokeResult', remaining: this.#remaining(subject, filter, grants) };
  }

  #subjectOf({ user, group, service, team }: AccessRevoke['subject']): Subject {
    if (group !== undefined) return this.#found('Group', group, `group/${group}`);
    if (team !== undefined) return this.#found('Team', team, `team/${team}`);
    if (service === undefined) return this.#found('User', user ?? '', user ?? '');
    const holder = holderOfService(service);
    if (this.#world.policy.byName('User', holder) === undefined)
      throw notFound('ServiceIdentity', service);
    return this.#found('User', holder, `service/${service}`);
  }

  #found(kind: Subject['kind'], name: string, text: string): Subject {
    const found = this.#world.policy.byName(kind, name);
    if (found === undefined) throw notFound(kind, name);
    return { kind, uid: found.uid, text };
  }

  #filterOf({ role, scope }: AccessRevoke): RevocationFilter {
    const found = role === undefined ? undefined : this.#world.policy.byName('Role', role);
    if (role !== undefined && found === undefined) throw notFound('Role', role);
    return {
      ...(found === undefined ? {} : { roleUid: found.uid }),
      ...(scope === undefined ? {} : { scope: parseScope(scope) }),
    };
  }

  #remaining(
    subject: Subject,
    filter: RevocationFilter,
    revoked: readonly PolicyGrant[],
  ): Remaining[] {
    const { policy } = this.#world;
    const gone = new Set(revoked.map(({ uid }) => uid));
    const wider = widerDirectGrants(policy, subject.uid, filter, subject.kind).filter(
      ({ uid }) => !gone.has(uid),
    );
    const direct = wider.map((grant) => ({
      ...this.#describe(grant),
      nextCommand: `ambit revoke ${subject.text} ${policy.role(grant.roleUid)?.name ?? ''}`.trim(),
    }));
    const through = remainingThroughOthers(policy, subject.uid, filter).flatMap(
      ({ group, team, grants }) =>
        grants.map((grant) => ({
          ...this.#describe(grant),
          ...defined({ group: group?.name, team: team?.name }),
          nextCommand: `ambit describe ${team === undefined ? 'group' : 'team'} ${(team ?? group)?.name ?? ''}`,
        })),
    );
    return [...direct, ...through];
  }

  #describe(grant: PolicyGrant): Omit<Remaining, 'nextCommand'> {
    const { policy } = this.#world;
    return {
      grant: grant.name,
      role: policy.role(grant.roleUid)?.name ?? grant.roleUid,
      scope: grantScopeText(grant.scope, (uid) => policy.cluster(uid)?.name ?? uid),
      ...(grant.until === undefined ? {} : { until: timestamp(grant.until) }),
    };
  }
}

async function takeOut(tx: Transaction, name: string, subject: Subject): Promise<ObjectResult> {
  const record = await tx.grants.find(name);
  if (record === null) return { kind: 'Grant', name, action: 'unchanged' };
  const subjects = record.subjects.filter(({ uid }) => uid !== subject.uid);
  if (subjects.length === 0) {
    auditGrantDeleted(tx, await tx.grants.remove(name));
    return { kind: 'Grant', name, uid: record.uid, action: 'deleted' };
  }
  auditGrant(tx, await tx.grants.put({ ...putFields(record), subjects }));
  return { kind: 'Grant', name, uid: record.uid, action: 'configured' };
}

function putFields(
  record: GrantRecord,
): Omit<Parameters<Transaction['grants']['put']>[0], 'subjects'> {
  const { name, labels, annotations, role, scope, notBefore, until, match, hours, reason } = record;
  return {
    name,
    labels,
    annotations,
    roleUid: role.uid,
    scope,
    ...defined({ notBefore, until, match, hours, reason }),
  };
}
