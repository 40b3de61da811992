import type { AccessCheck, AskedTarget } from '@ambit/contracts';
import { askedPlace, isClusterScoped } from '@ambit/domain';
import type { AccessQuestion } from '@ambit/domain';
import { AppError, didYouMean } from '@ambit/kernel';
import { isRbacVerb, qualifiedResource, resolveTarget } from '@ambit/rbac';
import type { AccessTarget, ResolvedTarget, ResourceCatalog } from '@ambit/rbac';

/** Where and about what somebody asks, in their words. */
export type Asked = Omit<AccessCheck['checks'][number], 'user' | 'service'>;

/** A question as the cluster understands it. */
export interface ResolvedQuestion {
  readonly question: AccessQuestion;
  readonly asked: AskedTarget;
  readonly notes: readonly string[];
}

/** A cluster by whose discovery names are resolved. */
export interface NamingCluster {
  readonly uid: string;
  readonly connected: boolean;
  /** Absent: its agent never told what the API server serves. */
  readonly catalog?: ResourceCatalog;
}

export type Refused = Extract<ResolvedTarget, { ok: false }>;

/**
 * What a question means in a cluster, or that the cluster serves no such thing. Throws `invalid_request` for what no
 * cluster could serve.
 */
export function resolveQuestion(asked: Asked, cluster: NamingCluster): ResolvedQuestion | Refused {
  const { resource, apiGroup, subresource, name } = asked;
  const resolved = resolveTarget({ text: resource, apiGroup, subresource, name }, cluster.catalog);
  if (!resolved.ok) {
    if (resolved.reason === 'unserved') return resolved;
    throw new AppError('invalid_request', `${sentence(resolved.message)}.`, {
      hint: 'Any form that kubectl takes will do: pods, deploy, ingress.networking.k8s.io, pods/log, /healthz.',
    });
  }
  const question = questionOf(asked, cluster.uid, resolved.target);
  const text = targetText(resolved.target);
  return {
    question,
    asked: askedTarget(resolved.target, text, question),
    notes: notesOf(asked, { question, target: resolved.target, text }),
  };
}

/** That a cluster does not serve what is asked about, with what may have been meant. */
export function unknownResource(asked: Asked, cluster: NamingCluster, refused: Refused): AppError {
  const { suggestions } = refused;
  const message = unservedMessage(asked, refused);
  const stale = `The agent of ${asked.cluster} is offline: what came there since is not known.`;
  return new AppError('unknown_resource', message, {
    ...(cluster.connected ? {} : { why: stale }),
    hint:
      suggestions.length === 0
        ? `"kubectl api-resources" on ${asked.cluster} lists what it serves.`
        : `Did you mean ${suggestions.join(', or ')}?`,
  });
}

export const unservedMessage = ({ cluster }: Asked, { message }: Refused): string =>
  `${cluster} ${message}.`;

function questionOf(asked: Asked, clusterUid: string, target: AccessTarget): AccessQuestion {
  const { verb, namespace } = asked;
  const where = { clusterUid, verb, ...(namespace === undefined ? {} : { namespace }) };
  if (target.type === 'url') {
    return { ...where, apiGroup: '', resource: '', namespaced: false, path: target.path };
  }
  const { apiGroup, resource, subresource, name, namespaced } = target;
  return {
    ...where,
    apiGroup,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
    ...(namespaced === undefined ? {} : { namespaced }),
  };
}

function targetText(target: AccessTarget): string {
  if (target.type === 'url') return target.path;
  const { apiGroup, resource, subresource } = target;
  const everything = apiGroup === '*' && resource === '*';
  const type = everything ? '*' : qualifiedResource({ group: apiGroup, resource });
  return subresource === undefined ? type : `${type}/${subresource}`;
}

function askedTarget(target: AccessTarget, text: string, question: AccessQuestion): AskedTarget {
  const scope = askedPlace(question);
  if (target.type === 'url') return { text, namespaced: false, scope, basis: 'served' };
  const { type: _, verbs: __, namespaced, ...rest } = target;
  return { text, ...rest, ...(namespaced === undefined ? {} : { namespaced }), scope };
}

interface Understood {
  readonly question: AccessQuestion;
  readonly target: AccessTarget;
  readonly text: string;
}

function notesOf(asked: Asked, understood: Understood): string[] {
  const { question, target, text } = understood;
  const notes: string[] = [];
  const basis = target.type === 'url' ? 'served' : target.basis;
  if (basis === 'kubernetes') {
    notes.push(
      `${asked.cluster} has not told what it serves; "${asked.resource}" was taken for what Kubernetes means by it, ${text}.`,
    );
  } else if (basis === 'unknown') {
    notes.push(
      `Whether ${asked.cluster} serves "${asked.resource}" could not be checked: its agent has not told what it serves.`,
    );
  }
  if (question.namespace !== undefined && isClusterScoped(question)) {
    const belongs = target.type === 'url' ? 'belongs' : 'belong';
    notes.push(`${text} ${belongs} to no namespace: only cluster-wide grants count.`);
  }
  const verb = verbNote(asked, understood);
  return verb === undefined ? notes : [...notes, verb];
}

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];

/** kubectl warns of a verb that means nothing, and asks all the same: a rule may name it. */
function verbNote({ verb, cluster }: Asked, { target, text }: Understood): string | undefined {
  const verbs = target.type === 'url' ? methods : target.verbs;
  if (verbs.length === 0 || verbs.includes(verb) || isRbacVerb(verb)) return undefined;
  const [near] = didYouMean(verb, verbs, 1);
  const meant = near === undefined ? `it serves ${verbs.join(', ')}` : `did you mean ${near}?`;
  return `${cluster} serves no verb "${verb}" of ${text}; ${meant}`;
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
