import { accessNamespace, ambitAnnotations, ambitLabels, managedByValue } from '@ambit/rbac';
import type { Ceiling } from '@ambit/rbac';
import { accountChecks, accountVariables } from './account-checks.ts';
import { gateName, rbacGroup, releasing, writtenResources } from './admission-policy.ts';
import type { Check, PolicyDraft, Variable } from './admission-policy.ts';
import { makesCertificates, ofCertificates } from './certificate-policy.ts';
import { celText, celTexts } from './cel-text.ts';
import { keepsNamespaces, namespaceChecks, namespaceVariables } from './namespace-checks.ts';
import { replicaChecks, replicaVariables } from './replica-checks.ts';

/** Names that `objectName` makes. */
export const ourNamePattern = '^ambit-[a-z0-9]([-a-z0-9]{0,22}[a-z0-9])?-[a-z2-7]{12}$';

const labelKeys = Object.values(ambitLabels);
const annotationKeys = Object.values(ambitAnnotations);
const aggregates = `${rbacGroup}/aggregate-to-`;

/**
 * Which objects the agent's account may write at all: everything the API server stores, connects to or hands out is
 * refused, but for objects of ours in RBAC, and for requests of certificates where the ceiling names them. It says nothing of
 * what they may give.
 */
export function gatePolicy(ceiling: Ceiling): PolicyDraft {
  const accounts = ceiling.credentials.includes('ServiceAccountToken');
  return {
    name: gateName,
    resourceRules: [
      { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'], scope: '*' },
    ],
    variables: [
      ...gateVariables(ceiling),
      ...accountVariables(accounts),
      ...replicaVariables,
      ...namespaceVariables(ceiling),
    ],
    checks: [
      writtenOnly(ceiling),
      ...rbacChecks,
      ...accountChecks(accounts),
      ...replicaChecks,
      ...namespaceChecks(ceiling),
    ],
  };
}

const writing = "request.operation in ['CREATE', 'UPDATE', 'DELETE']";
/** None is made now; one of ours that stands there is still taken away. */
const takingARole = "(request.resource.resource == 'roles' && request.operation == 'DELETE')";

function gateVariables({ breakGlass }: Pick<Ceiling, 'breakGlass'>): Variable[] {
  return [
    {
      name: 'ofRbac',
      expression: [
        `request.resource.group == ${celText(rbacGroup)}`,
        "(!has(request.subResource) || request.subResource == '')",
        `((request.resource.resource in ${celTexts(writtenResources)} && ${writing}) || ${takingARole})`,
      ].join('\n&& '),
    },
    { name: 'makes', expression: "variables.ofRbac && request.operation == 'CREATE'" },
    { name: 'changes', expression: "variables.ofRbac && request.operation == 'UPDATE'" },
    { name: 'deletes', expression: "variables.ofRbac && request.operation == 'DELETE'" },
    { name: 'writes', expression: 'variables.makes || variables.changes' },
    { name: 'meta', expression: 'variables.deletes ? oldObject.metadata : object.metadata' },
    ...['labels', 'annotations'].map((field) => ({
      name: field,
      expression: `has(variables.meta.${field}) ? variables.meta.${field} : {}`,
    })),
    ...[
      ['labels', '{}'],
      ['annotations', '{}'],
      ['finalizers', '[]'],
      ['ownerReferences', '[]'],
    ].map(([field, nothing]) => ({
      name: `old_${field}`,
      expression:
        '(variables.changes || variables.deletes)\n' +
        `&& has(oldObject.metadata.${field}) ? oldObject.metadata.${field} : ${nothing}`,
    })),
    releasing,
    { name: 'breakGlass', expression: celTexts(breakGlass) },
  ];
}

/** Each key is ours, or was there before with the same value. */
const nothingAdded = (field: string, keys: readonly string[]): string =>
  `!variables.writes || variables.${field}.all(key, key in ${celTexts(keys)}\n` +
  `|| (key in variables.old_${field} && variables.old_${field}[key] == variables.${field}[key]))`;

const has = (field: string, key: string): string => `${celText(key)} in variables.${field}`;

/** What the gate of certificates judges is none of the business of the rest. */
function writtenOnly(ceiling: Pick<Ceiling, 'credentials' | 'namespaces'>): Check {
  const certificates = makesCertificates(ceiling);
  const accounts = ceiling.credentials.includes('ServiceAccountToken');
  const expressions = [
    'variables.ofRbac',
    ...(certificates ? [`(${ofCertificates})`] : []),
    'variables.ofAccounts',
    'variables.ofReplicas',
    ...(keepsNamespaces(ceiling) ? ['variables.keeps'] : []),
  ];
  const more = [
    certificates ? ' and requests of certificates' : '',
    accounts ? ` and ServiceAccounts of people in ${accessNamespace} and their tokens` : '',
    ' and the Lease and the Secret of its replicas',
    keepsNamespaces(ceiling) ? ' and what it keeps in namespaces of teams' : '',
  ];
  return {
    expression: expressions.join(' || '),
    message: `this account writes RoleBindings, ClusterRoleBindings and ClusterRoles of Ambit${more.join('')}, and nothing else`,
  };
}

const rbacChecks: readonly Check[] = [
  {
    expression: `!variables.ofRbac || variables.meta.name.matches(${celText(ourNamePattern)})`,
    message: 'this account writes only objects that are named as Ambit names its own',
  },
  {
    // A stripped label is put back: the annotation is the other half of the proof.
    expression:
      '!(variables.changes || variables.deletes)\n' +
      `|| (${has('old_labels', ambitLabels.managedBy)} && variables.old_labels[${celText(ambitLabels.managedBy)}] == ${celText(managedByValue)})\n` +
      `|| ${has('old_annotations', ambitAnnotations.identity)}`,
    message: 'the object that stands there is not one of Ambit',
  },
  {
    expression:
      '!variables.writes || variables.releasing\n' +
      `|| (${labelKeys.map((key) => `${has('labels', key)} && variables.labels[${celText(key)}] != ''`).join('\n&& ')}\n` +
      `&& variables.labels[${celText(ambitLabels.managedBy)}] == ${celText(managedByValue)}\n` +
      `&& ${has('annotations', ambitAnnotations.identity)})`,
    message: 'what this account writes carries all labels of Ambit and says which object it is',
  },
  {
    expression: nothingAdded('labels', labelKeys),
    message: 'this account adds no labels but those of Ambit',
  },
  {
    expression: nothingAdded('annotations', annotationKeys),
    message: 'this account adds no annotations but those of Ambit',
  },
  {
    expression:
      '!variables.writes || variables.releasing\n' +
      `|| (!(has(object.aggregationRule) && object.aggregationRule != null) && !variables.labels.exists(key, key.startsWith(${celText(aggregates)})))`,
    message: 'a role of Ambit neither aggregates nor is aggregated',
  },
  {
    expression:
      "!variables.writes || (!has(object.metadata.generateName) || object.metadata.generateName == '')",
    message: 'this account names what it makes itself',
  },
  {
    expression:
      '!variables.writes || !has(object.metadata.ownerReferences)\n' +
      '|| object.metadata.ownerReferences.all(owner, owner in variables.old_ownerReferences)',
    message: 'this account gives objects no owners',
  },
  {
    expression:
      '!variables.writes || !has(object.metadata.finalizers)\n' +
      '|| object.metadata.finalizers.all(each, each in variables.old_finalizers)',
    message: 'this account adds no finalizers',
  },
  {
    expression: "!variables.deletes || request.name != ''",
    message: 'this account deletes objects one by one',
  },
  {
    expression: '!variables.ofRbac || !(variables.meta.name in variables.breakGlass)',
    message: 'the object is named in breakGlass of the ceiling',
  },
];
