import {
  allows,
  scopeRefusal,
  selectorMatches,
  type Ceiling,
  type RequestAttributes,
} from '@ambit/rbac';
import type { Millis } from '@ambit/kernel';
import { hoursText } from '../grants/grant-hours.ts';
import { grantStatus, windowAt } from '../grants/grant-times.ts';
import { grantScopeText } from '../names/scope-text.ts';
import type { NamespaceSelector, PolicyGrant, PolicyRole } from '../policy-objects.ts';
import { writtenGrant, type CompiledGrant } from '../policy/compiled-grant.ts';
import type { PolicyView } from '../policy/policy-view.ts';
import type {
  AccessQuestion,
  AccessRefusal,
  ReportedFacts,
  AccessRefusalReason,
} from './access-answer.ts';
import { askedNamespace, isClusterScoped } from './asked-place.ts';
import { hasCeiling, roleInCluster, type RoleInCluster } from './role-rules.ts';
import { scopeHolds } from '../policy/cluster-index.ts';

/** What is asked, of what, and when. */
export interface Inquiry {
  readonly policy: PolicyView;
  readonly facts: ReportedFacts;
  readonly question: AccessQuestion;
  readonly now: Millis;
}

/** Why a grant does not answer the question; undefined when it does. `through` is left to the caller. */
export type Judgement = Omit<AccessRefusal, 'through'> | undefined;

/** What stands between a grant and a yes. */
export interface Obstacle {
  readonly reason: AccessRefusalReason;
  readonly message: string;
  readonly at?: Millis | undefined;
}

/** Judges the grants of one inquiry. */
export class GrantJudge {
  private readonly inquiry: Inquiry;
  private readonly request: RequestAttributes;

  constructor(inquiry: Inquiry) {
    this.inquiry = inquiry;
    this.request = requestOf(inquiry.question);
  }

  /** Whether the grant, as it stands, allows what is asked to those it names. */
  judge(grant: PolicyGrant): Judgement {
    return this.standsHere(grant) ? this.judgeHere(grant) : otherCluster(grant);
  }

  /** As `judge`, of a grant that stands here. */
  judgeHere(grant: PolicyGrant): Judgement {
    const found = this.obstacle(grant);
    if (found === undefined) return undefined;
    const { reason, message, at } = found;
    return { reason, message, grant: grant.name, ...(at === undefined ? {} : { at }) };
  }

  /** False for a grant that `judge` finds to be of other clusters only. */
  standsHere(grant: PolicyGrant): boolean {
    const { policy, question } = this.inquiry;
    if (!grant.ended) return policy.reaches(grant.uid, question.clusterUid);
    // An ended grant is compiled nowhere, and may yet be the answer to "why not any more".
    const cluster = policy.cluster(question.clusterUid);
    return cluster !== undefined && scopeHolds(grant, cluster);
  }

  /** Of a grant that stands here, from the furthest from yes to the nearest: a grant that only has to begin has passed all other tests. */
  private obstacle(grant: PolicyGrant): Obstacle | undefined {
    const { policy, facts } = this.inquiry;
    if (!hasCeiling(facts)) {
      const message = 'No agent of this cluster has connected yet, so nothing is in force there.';
      return { reason: 'agent_never_seen', message };
    }
    const role = policy.role(grant.roleUid);
    if (role === undefined) {
      return { reason: 'role_missing', message: `The role of grant ${grant.name} is gone.` };
    }
    return (
      scopeObstacle(this.inquiry, facts.ceiling, grant) ??
      this.roleObstacle(role, roleInCluster(role, facts), grant) ??
      timeObstacle(grant, this.inquiry.now)
    );
  }

  private roleObstacle(
    role: PolicyRole,
    given: RoleInCluster,
    grant: PolicyGrant,
  ): Obstacle | undefined {
    if (!given.ok) return given;
    if (allows(given.rules, this.request)) return undefined;
    const message = `Role ${role.name} of grant ${grant.name} does not allow it.`;
    return { reason: 'rules_insufficient', message };
  }
}

/** Why a grant that stands elsewhere gives nothing here. */
export const otherCluster = ({ name }: PolicyGrant): AccessRefusal => ({
  reason: 'other_cluster',
  message: `Grant ${name} does not reach this cluster.`,
  grant: name,
});

/** That a grant is not in force at a moment, and why. */
export function timeObstacle(grant: CompiledGrant, now: Millis): Obstacle | undefined {
  if (grantStatus(grant, now) === 'Active') return undefined;
  // A part knows of its own window alone.
  const written = writtenGrant(grant);
  const { name, until, hours = [] } = written;
  switch (grantStatus(written, now)) {
    case 'Scheduled':
      return {
        reason: 'grant_pending',
        message: `Grant ${name} has not begun yet.`,
        at: grant.notBefore,
      };
    case 'Ended':
      return { reason: 'grant_ended', message: `Grant ${name} has ended.`, at: until };
    case 'Active':
    case 'OutsideHours':
      return {
        reason: 'outside_hours',
        message: `Grant ${name} holds within ${hoursText(hours)} only.`,
        at: windowAt(written, now)?.from,
      };
  }
}

/** The question as rules are asked it. */
export function requestOf(question: AccessQuestion): RequestAttributes {
  const { verb, path } = question;
  if (path !== undefined) return { type: 'url', verb, path };
  return {
    type: 'resource',
    verb,
    apiGroup: question.apiGroup,
    resource: question.resource,
    subresource: question.subresource ?? '',
    name: question.name ?? '',
    namespace: askedNamespace(question) ?? '',
  };
}

/** A scope that does not hold the place asked about, and why; undefined when it does. */
export function scopeObstacle(
  { policy, facts, question }: Omit<Inquiry, 'now'>,
  ceiling: Ceiling,
  grant: PolicyGrant,
): Obstacle | undefined {
  const { namespaces } = grant.scope;
  if (namespaces.type === 'clusterWide') {
    const refusal = scopeRefusal(undefined, ceiling);
    return (
      refusal && { reason: 'ceiling_refused', message: `Grant ${grant.name}: ${refusal.message}.` }
    );
  }
  if (isClusterScoped(question)) return notInNamespaces(policy, grant, question);
  const namespace = askedNamespace(question);
  if (namespace === undefined) return elsewhere(policy, grant);
  const protectedHere = scopeRefusal(namespace, ceiling);
  const found = facts.namespaces.get(namespace);
  if (!selects(namespaces, namespace, found?.labels ?? {}, found !== undefined)) {
    return elsewhere(policy, grant);
  }
  if (protectedHere !== undefined) {
    return {
      reason: 'namespace_protected',
      message: `Grant ${grant.name}: ${protectedHere.message}.`,
    };
  }
  if (found !== undefined) return undefined;
  return { reason: 'namespace_missing', message: `The cluster has no namespace ${namespace}.` };
}

function notInNamespaces(
  policy: PolicyView,
  grant: PolicyGrant,
  { path, resource }: AccessQuestion,
): Obstacle {
  const { message } = elsewhere(policy, grant);
  const what = path === undefined ? `${resource} belong` : `the path ${path} belongs`;
  return {
    reason: 'cluster_scoped',
    message: `${message.replace(/\.$/, '')}, and ${what} to no namespace: only a cluster-wide grant gives that.`,
  };
}

function elsewhere(policy: PolicyView, grant: PolicyGrant): Obstacle {
  const scope = grantScopeText(grant.scope, (uid) => policy.cluster(uid)?.name ?? uid);
  return { reason: 'scope_elsewhere', message: `Grant ${grant.name} holds only in ${scope}.` };
}

/** Whether a namespace is one of those; of one that does not exist too. */
export function selects(
  namespaces: Exclude<NamespaceSelector, { type: 'clusterWide' }>,
  name: string,
  labels: Readonly<Record<string, string>>,
  exists: boolean,
): boolean {
  switch (namespaces.type) {
    case 'all':
      return true;
    // Of a team that owns nothing by name.
    case 'owned':
      return false;
    case 'names':
      return namespaces.names.includes(name);
    case 'selector':
      // Of a namespace that is not there nobody knows the labels.
      return exists && selectorMatches(namespaces.selector, labels);
  }
}
