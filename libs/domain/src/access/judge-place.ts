import { scopeRefusal } from '@ambit/rbac';
import type { Millis } from '@ambit/kernel';
import type { PolicyGrant } from '../policy-objects.ts';
import type { PolicyView } from '../policy/policy-view.ts';
import type { AccessQuestion, ReportedFacts } from './access-answer.ts';
import {
  scopeObstacle,
  selects,
  timeObstacle,
  type Judgement,
  type Obstacle,
} from './judge-grant.ts';
import { hasCeiling, roleInCluster } from './role-rules.ts';

/** A place in a cluster at a moment, whatever somebody does there. */
export interface PlaceInquiry {
  readonly policy: PolicyView;
  readonly facts: ReportedFacts;
  readonly clusterUid: string;
  /** Absent: anywhere in the cluster. */
  readonly namespace?: string;
  readonly now: Millis;
}

type SeenPlace = PlaceInquiry & { readonly facts: Parameters<typeof roleInCluster>[1] };

/**
 * Why a grant that stands in the cluster gives nothing in the place; undefined when it gives its role there. What the role
 * allows is not looked at.
 */
export function judgePlace(place: PlaceInquiry, grant: PolicyGrant): Judgement {
  const found = obstacleIn(place, grant);
  if (found === undefined) return undefined;
  const { reason, message, at } = found;
  return { reason, message, grant: grant.name, ...(at === undefined ? {} : { at }) };
}

function obstacleIn(place: PlaceInquiry, grant: PolicyGrant): Obstacle | undefined {
  const { policy, facts, now } = place;
  if (!hasCeiling(facts)) {
    const message = 'No agent of this cluster has connected yet, so nothing is in force there.';
    return { reason: 'agent_never_seen', message };
  }
  const role = policy.role(grant.roleUid);
  if (role === undefined) {
    return { reason: 'role_missing', message: `The role of grant ${grant.name} is gone.` };
  }
  const given = roleInCluster(role, facts);
  return (
    placeObstacle({ ...place, facts }, grant) ??
    (given.ok ? undefined : given) ??
    timeObstacle(grant, now)
  );
}

function placeObstacle(place: SeenPlace, grant: PolicyGrant): Obstacle | undefined {
  const { policy, facts, namespace } = place;
  const { namespaces } = grant.scope;
  if (namespace === undefined && namespaces.type !== 'clusterWide') return anywhere(place, grant);
  const question = { ...nothingAsked, clusterUid: place.clusterUid };
  return scopeObstacle(
    { policy, facts, question: namespace === undefined ? question : { ...question, namespace } },
    facts.ceiling,
    grant,
  );
}

const nothingAsked: Omit<AccessQuestion, 'clusterUid'> = { verb: '', apiGroup: '', resource: '' };

/** Of a grant in namespaces: one that is there and not protected will do. */
function anywhere({ facts }: SeenPlace, grant: PolicyGrant): Obstacle | undefined {
  const { namespaces } = grant.scope;
  if (namespaces.type === 'clusterWide') return undefined;
  let protectedOne: string | undefined;
  for (const [name, { labels }] of facts.namespaces) {
    if (!selects(namespaces, name, labels, true)) continue;
    const refusal = scopeRefusal(name, facts.ceiling);
    if (refusal === undefined) return undefined;
    protectedOne ??= refusal.message;
  }
  if (protectedOne !== undefined) {
    return { reason: 'namespace_protected', message: `Grant ${grant.name}: ${protectedOne}.` };
  }
  const message = `The cluster has no namespace that grant ${grant.name} means.`;
  return { reason: 'namespace_missing', message };
}
