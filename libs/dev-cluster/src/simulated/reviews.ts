import type { RequestAttributes, UserInfo } from '@ambit/rbac';
import { rulesFor } from '@ambit/rbac';
import type { ObjectStore } from './object-store.ts';
import { invalid, unknownPath } from './status-error.ts';
import type { FieldFault } from './status-error.ts';
import { authorizeByStore, storeSource } from './store-rbac.ts';

const group = 'authorization.k8s.io';

/** Kinds that are asked by POST and never stored. */
export const reviewKinds = [
  { group, plural: 'subjectaccessreviews', kind: 'SubjectAccessReview', namespaced: false },
  {
    group,
    plural: 'localsubjectaccessreviews',
    kind: 'LocalSubjectAccessReview',
    namespaced: true,
  },
  { group, plural: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview', namespaced: false },
  { group, plural: 'selfsubjectrulesreviews', kind: 'SelfSubjectRulesReview', namespaced: false },
  {
    group: 'authentication.k8s.io',
    plural: 'selfsubjectreviews',
    kind: 'SelfSubjectReview',
    namespaced: false,
  },
] as const;

export type ReviewKind = (typeof reviewKinds)[number];

interface ReviewSpec {
  readonly user?: string;
  readonly groups?: readonly string[] | null;
  readonly namespace?: string;
  readonly resourceAttributes?: Readonly<Record<string, string>> | null;
  readonly nonResourceAttributes?: Readonly<Record<string, string>> | null;
}

export interface ReviewRequest {
  readonly store: ObjectStore;
  readonly caller: UserInfo;
  readonly review: ReviewKind;
  readonly namespace: string;
  readonly body: unknown;
}

/** The review with its `status`, as it is answered. Throws 422. */
export function answerReview({ store, caller, review, namespace, body }: ReviewRequest): object {
  const spec = ((body as { spec?: ReviewSpec } | undefined)?.spec ?? {}) as ReviewSpec;
  const apiVersion = `${review.group}/v1`;
  const answer = { kind: review.kind, apiVersion, metadata: {}, spec };
  switch (review.kind) {
    case 'SelfSubjectReview':
      return {
        ...answer,
        spec: undefined,
        status: { userInfo: { username: caller.name, groups: caller.groups ?? [] } },
      };
    case 'SelfSubjectRulesReview':
      return { ...answer, status: rulesStatus(store, caller, spec.namespace ?? '') };
    case 'SelfSubjectAccessReview':
      refuseFaults(attributeFaults(spec, review, namespace));
      return { ...answer, status: accessStatus(store, caller, spec) };
    case 'SubjectAccessReview':
    case 'LocalSubjectAccessReview': {
      refuseFaults([...attributeFaults(spec, review, namespace), ...userFaults(spec)]);
      // Exactly the groups that are named: nobody is taken for authenticated.
      const asked = { name: spec.user ?? '', groups: spec.groups ?? [] };
      return { ...answer, status: accessStatus(store, asked, spec) };
    }
    default:
      throw unknownPath();
  }
}

function accessStatus(store: ObjectStore, user: UserInfo, spec: ReviewSpec): object {
  const { allowed, reason } = authorizeByStore(store, user, attributesOf(spec));
  return { allowed, ...(reason === '' ? {} : { reason }) };
}

function attributesOf(spec: ReviewSpec): RequestAttributes {
  const url = spec.nonResourceAttributes;
  if (url) return { type: 'url', verb: url['verb'] ?? '', path: url['path'] ?? '' };
  const nothing = { verb: '', group: '', resource: '' };
  const { verb, group: apiGroup, resource, ...place } = { ...nothing, ...spec.resourceAttributes };
  return { type: 'resource', verb, apiGroup, resource, ...place };
}

function rulesStatus(store: ObjectStore, user: UserInfo, namespace: string): object {
  const rules = rulesFor(user, namespace, storeSource(store));
  const urls = rules.filter((rule) => (rule.nonResourceURLs?.length ?? 0) > 0);
  const resources = rules.filter((rule) => (rule.resources?.length ?? 0) > 0);
  return {
    resourceRules: resources.map(({ verbs, apiGroups, resources: names, resourceNames }) => ({
      verbs,
      apiGroups,
      resources: names,
      resourceNames,
    })),
    nonResourceRules: urls.map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  };
}

function attributeFaults(spec: ReviewSpec, review: ReviewKind, namespace: string): FieldFault[] {
  const resource = spec.resourceAttributes ?? undefined;
  const url = spec.nonResourceAttributes ?? undefined;
  if (resource !== undefined && url !== undefined) {
    return [
      wrong(
        'spec.nonResourceAttributes',
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  }
  if (resource === undefined && url === undefined) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    return [wrong('spec.resourceAttributes', why)];
  }
  if (!review.namespaced || resource?.['namespace'] === namespace) return [];
  return [wrong('spec.resourceAttributes.namespace', 'must match metadata.namespace')];
}

function userFaults(spec: ReviewSpec): FieldFault[] {
  if ((spec.user ?? '') !== '' || (spec.groups?.length ?? 0) > 0) return [];
  return [wrong('spec.user', 'at least one of user or group must be specified')];
}

function wrong(field: string, why: string): FieldFault {
  return { kind: 'Invalid', field, message: `Invalid value: ${why}` };
}

function refuseFaults(faults: readonly FieldFault[]): void {
  if (faults.length > 0) throw invalid({ group, kind: '' }, '', faults);
}
