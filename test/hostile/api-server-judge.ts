import { covers } from '@ambit/rbac';
import type { RawAnswer, RawRequest } from '../support/raw-kube.ts';
import type { Draft, Subject } from './api-server-objects.ts';
import { agentAccount, rbacGroup } from './api-server-world.ts';
import type { OwnersWill } from './api-server-world.ts';

/*
 * What the owner wants, said a second time: independent of the policies that are under attack. Rules are compared as
 * Kubernetes does; that comparison is held to Kubernetes' own verdicts in libs/rbac.
 */

const ourName = /^ambit-[a-z0-9](?:[-a-z0-9]{0,22}[a-z0-9])?-[a-z2-7]{12}$/;
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const written =
  /^\/apis\/rbac\.authorization\.k8s\.io\/v1\/(?:namespaces\/[^/]+\/)?[a-z]+bindings|\/clusterroles/;
const keys = (record: object | undefined): string[] => Object.keys(record ?? {});

/** Why the write was none of the agent's business; undefined when the owner allows it. */
export function whyNot(
  request: RawRequest,
  answer: RawAnswer,
  will: OwnersWill,
): string | undefined {
  if (answer.status === 101 || request.method === 'GET') return 'a connection into the cluster';
  if (!written.test(request.path)) return 'a resource that is no binding or role';
  if (request.method === 'DELETE') {
    const name = decodeURIComponent(
      new URL(request.path, 'http://x').pathname.split('/').at(-1) ?? '',
    );
    return ourName.test(name) && !name.includes('foreign') ? undefined : `${name} was deleted`;
  }
  return objectProblem(answer.body as unknown as Draft, will);
}

/** Why an object of ours may not stand as it does. */
export function objectProblem(object: Draft, will: OwnersWill): string | undefined {
  return (
    metaProblem(object) ??
    (object.kind === 'ClusterRole' ? roleProblem(object, will) : bindingProblem(object, will))
  );
}

function metaProblem({ metadata }: Draft): string | undefined {
  const { name, labels = {}, annotations, finalizers = [], ownerReferences = [] } = metadata;
  if (!ourName.test(name) || name.includes('foreign')) return `the name ${JSON.stringify(name)}`;
  if (labels['ambit.dev/managed-by'] !== 'ambit') return 'not labelled as ours';
  const strange = [...keys(labels), ...keys(annotations)].find(
    (key) => !key.startsWith('ambit.dev/'),
  );
  if (strange !== undefined) return `${strange} was added`;
  if (finalizers.length > 0) return 'a finalizer';
  return ownerReferences.length > 0 ? 'an owner' : undefined;
}

function bindingProblem(
  { kind, metadata, roleRef, subjects }: Draft,
  will: OwnersWill,
): string | undefined {
  if (kind === 'ClusterRoleBinding' && !will.clusterScope) return 'the whole cluster';
  if (will.protectedNamespaces.includes(metadata.namespace ?? '')) return 'a protected namespace';
  if (!isAllowed(roleRef, will)) return `the role ${roleRef?.kind} ${roleRef?.name}`;
  const stranger = (subjects ?? []).find((subject) => !isOurs(subject, will));
  return stranger === undefined ? undefined : `the subject ${JSON.stringify(stranger)}`;
}

function isAllowed(role: Draft['roleRef'], will: OwnersWill): boolean {
  if (role?.kind !== 'ClusterRole') return false;
  if (will.allowedClusterRoles.includes(role.name)) return true;
  return will.customRules.length > 0 && ourName.test(role.name);
}

function isOurs({ kind, apiGroup, name }: Subject, will: OwnersWill): boolean {
  if (kind === 'ServiceAccount' || apiGroup !== rbacGroup || name === agentAccount) return false;
  if (invisible.test(name) || /^\s*system:/i.test(name.normalize('NFKC'))) return false;
  return will.subjectPrefixes.some(
    (prefix) => name.startsWith(prefix) && name.length > prefix.length,
  );
}

function roleProblem({ rules, aggregationRule }: Draft, will: OwnersWill): string | undefined {
  if (aggregationRule !== undefined && aggregationRule !== null) return 'an aggregating role';
  const lifting = (rules ?? [])
    .flatMap(({ verbs }) => verbs)
    .find((verb) => /^(\*|bind|escalate|impersonate.*)$/.test(verb));
  if (lifting !== undefined) return `the verb ${lifting}`;
  const [first] = covers(will.customRules, rules ?? []).uncovered;
  return first === undefined ? undefined : `the rule ${JSON.stringify(first)}`;
}
