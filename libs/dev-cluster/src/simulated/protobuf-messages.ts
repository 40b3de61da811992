/** How a member is written: a text, a number, a message of another name, or several of those. */
export type MemberType =
  | 'text'
  | 'number'
  | 'flag'
  | 'textMap'
  | { readonly message: string }
  | { readonly list: 'text' }
  | { readonly list: { readonly message: string } };

export type MessageShape = Readonly<Record<number, readonly [name: string, type: MemberType]>>;

const texts = { list: 'text' } as const;
const message = (name: string) => ({ message: name });
const messages = (name: string) => ({ list: { message: name } });
const meta = ['metadata', message('ObjectMeta')] as const;
const binding = {
  1: meta,
  2: ['subjects', messages('Subject')],
  3: ['roleRef', message('RoleRef')],
} as const;
const review = (spec: string): MessageShape => ({ 1: meta, 2: ['spec', message(spec)] });

/** The messages clients send for the kinds served here, by the field numbers of Kubernetes' `generated.proto` files. */
export const protobufMessages: Readonly<Record<string, MessageShape>> = {
  ObjectMeta: {
    1: ['name', 'text'],
    2: ['generateName', 'text'],
    3: ['namespace', 'text'],
    5: ['uid', 'text'],
    6: ['resourceVersion', 'text'],
    11: ['labels', 'textMap'],
    12: ['annotations', 'textMap'],
    13: ['ownerReferences', messages('OwnerReference')],
    14: ['finalizers', texts],
  },
  OwnerReference: {
    1: ['kind', 'text'],
    3: ['name', 'text'],
    4: ['uid', 'text'],
    5: ['apiVersion', 'text'],
  },
  ClusterRole: {
    1: meta,
    2: ['rules', messages('PolicyRule')],
    3: ['aggregationRule', message('AggregationRule')],
  },
  Role: { 1: meta, 2: ['rules', messages('PolicyRule')] },
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  PolicyRule: {
    1: ['verbs', texts],
    2: ['apiGroups', texts],
    3: ['resources', texts],
    4: ['resourceNames', texts],
    5: ['nonResourceURLs', texts],
  },
  Subject: {
    1: ['kind', 'text'],
    2: ['apiGroup', 'text'],
    3: ['name', 'text'],
    4: ['namespace', 'text'],
  },
  RoleRef: { 1: ['apiGroup', 'text'], 2: ['kind', 'text'], 3: ['name', 'text'] },
  AggregationRule: { 1: ['clusterRoleSelectors', messages('LabelSelector')] },
  LabelSelector: {
    1: ['matchLabels', 'textMap'],
    2: ['matchExpressions', messages('LabelSelectorRequirement')],
  },
  LabelSelectorRequirement: { 1: ['key', 'text'], 2: ['operator', 'text'], 3: ['values', texts] },
  Namespace: { 1: meta },
  ServiceAccount: { 1: meta, 4: ['automountServiceAccountToken', 'flag'] },
  DeleteOptions: { 2: ['preconditions', message('Preconditions')], 5: ['dryRun', texts] },
  Preconditions: { 1: ['uid', 'text'], 2: ['resourceVersion', 'text'] },
  SubjectAccessReview: review('SubjectAccessReviewSpec'),
  LocalSubjectAccessReview: review('SubjectAccessReviewSpec'),
  SelfSubjectAccessReview: review('SubjectAccessReviewSpec'),
  SubjectAccessReviewSpec: {
    1: ['resourceAttributes', message('ResourceAttributes')],
    2: ['nonResourceAttributes', message('NonResourceAttributes')],
    3: ['user', 'text'],
    4: ['groups', texts],
    6: ['uid', 'text'],
  },
  ResourceAttributes: {
    1: ['namespace', 'text'],
    2: ['verb', 'text'],
    3: ['group', 'text'],
    4: ['version', 'text'],
    5: ['resource', 'text'],
    6: ['subresource', 'text'],
    7: ['name', 'text'],
  },
  NonResourceAttributes: { 1: ['path', 'text'], 2: ['verb', 'text'] },
  SelfSubjectRulesReview: review('SelfSubjectRulesReviewSpec'),
  SelfSubjectRulesReviewSpec: { 1: ['namespace', 'text'] },
  SelfSubjectReview: { 1: meta },
  TokenRequest: review('TokenRequestSpec'),
  TokenRequestSpec: { 1: ['audiences', texts], 4: ['expirationSeconds', 'number'] },
};
