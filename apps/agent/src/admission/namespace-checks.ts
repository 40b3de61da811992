import {
  ambitAnnotations,
  ambitLabels,
  keptLabels,
  managedByValue,
  podSecurityLabel,
  podSecurityLevels,
  podSecurityPrefix,
  setLabelsAnnotation,
} from '@ambit/rbac';
import type { Ceiling } from '@ambit/rbac';
import type { Check, Variable } from './admission-policy.ts';
import { celText, celTexts } from './cel-text.ts';

/*
 * What the gate lets the agent's account do with namespaces and with what profiles put into them. RBAC knows no names that
 * begin somehow, and whoever may label any namespace may say what its pods may do: so all of it is bounded here.
 */

type Bounds = Pick<Ceiling, 'namespaces' | 'protectedNamespaces'>;

/** Does the ceiling have any namespace kept? Without one the gate says what it said before there was this. */
export const keepsNamespaces = ({ namespaces }: Pick<Ceiling, 'namespaces'>): boolean =>
  namespaces.manage.length > 0;

const whole = "(!has(request.subResource) || request.subResource == '')";
const isNamespace = "request.resource.group == '' && request.resource.resource == 'namespaces'";
const isObject = [
  "((request.resource.group == '' && request.resource.resource in ['resourcequotas', 'limitranges'])",
  "|| (request.resource.group == 'networking.k8s.io' && request.resource.resource == 'networkpolicies'))",
].join('\n');

/** Is this one of the namespaces that the ceiling has kept? */
function managed(place: string, { namespaces, protectedNamespaces }: Bounds): string {
  const names = namespaces.manage.filter((pattern) => !pattern.endsWith('*'));
  const stems = namespaces.manage
    .filter((pattern) => pattern.endsWith('*'))
    .map((pattern) => pattern.slice(0, -1));
  return [
    `!(${place} in ${celTexts(protectedNamespaces)})`,
    `&& (${place} in ${celTexts(names)} || ${celTexts(stems)}.exists(stem, ${place}.startsWith(stem)))`,
  ].join('\n');
}

const metadataOf = (object: string, field: string): string =>
  `has(${object}.metadata.${field}) ? ${object}.metadata.${field} : {}`;

/** Labels that a namespace says to be of ours, in an object that may be absent. */
const setBy = (annotations: string): string =>
  `${celText(setLabelsAnnotation)} in ${annotations} ? ${annotations}[${celText(setLabelsAnnotation)}].split(',') : []`;

export function namespaceVariables(ceiling: Bounds): Variable[] {
  if (!keepsNamespaces(ceiling)) return [];
  return [
    {
      name: 'ofNamespace',
      expression: [
        `${isNamespace} && ${whole} && request.operation in ['CREATE', 'UPDATE']`,
        `&& ${managed('object.metadata.name', ceiling)}`,
      ].join('\n'),
    },
    {
      name: 'ofProfile',
      expression: [
        `${isObject} && ${whole} && request.operation in ['CREATE', 'UPDATE', 'DELETE']`,
        `&& ${managed('request.namespace', ceiling)}`,
      ].join('\n'),
    },
    { name: 'keeps', expression: 'variables.ofNamespace || variables.ofProfile' },
    { name: 'putsKept', expression: "variables.keeps && request.operation != 'DELETE'" },
    { name: 'changesKept', expression: "variables.keeps && request.operation == 'UPDATE'" },
    ...['labels', 'annotations'].flatMap((field) => [
      {
        name: `kept_${field}`,
        expression: `variables.putsKept ? (${metadataOf('object', field)}) : {}`,
      },
      {
        name: `was_${field}`,
        expression: `variables.keeps && request.operation != 'CREATE' ? (${metadataOf('oldObject', field)}) : {}`,
      },
    ]),
    { name: 'kept_set', expression: setBy('variables.kept_annotations') },
    { name: 'was_set', expression: setBy('variables.was_annotations') },
    {
      name: 'keptLabels',
      expression: celTexts([...keptLabels, ...ceiling.namespaces.labels]),
    },
  ];
}

const same = (field: string): string =>
  `(has(object.metadata.${field}) ? object.metadata.${field} : []) == (has(oldObject.metadata.${field}) ? oldObject.metadata.${field} : [])`;
const none = (field: string): string =>
  `(!has(object.metadata.${field}) || object.metadata.${field}.size() == 0)`;

const ownLabels = celTexts(Object.values(ambitLabels));
const identity = celText(ambitAnnotations.identity);

export function namespaceChecks(ceiling: Bounds): Check[] {
  if (!keepsNamespaces(ceiling)) return [];
  return [...ofBoth, ...ofNamespaces, ...ofPodSecurity(ceiling), ...ofObjects];
}

/** Whoever says what pods may do could let them have the node, and with it the cluster. */
function ofPodSecurity({ namespaces: { weakestPodSecurity } }: Bounds): Check[] {
  if (weakestPodSecurity === 'privileged') return [];
  const strong = podSecurityLevels.slice(0, podSecurityLevels.indexOf(weakestPodSecurity) + 1);
  const level = celText(podSecurityLabel);
  return [
    {
      expression: [
        `!variables.ofNamespace || (${level} in variables.kept_labels`,
        `? variables.kept_labels[${level}] in ${celTexts(strong)}`,
        `|| (${level} in variables.was_labels && variables.was_labels[${level}] == variables.kept_labels[${level}])`,
        `: variables.changesKept && !(${level} in variables.was_labels))`,
      ].join('\n'),
      message: `pods of a namespace that this account makes or labels are held to ${weakestPodSecurity} at least`,
    },
  ];
}

const ofBoth: readonly Check[] = [
  {
    expression: [
      '!variables.putsKept',
      `|| (variables.changesKept ? ${same('finalizers')} && ${same('ownerReferences')}`,
      `: ${none('finalizers')} && ${none('ownerReferences')}`,
      "&& (!has(object.metadata.generateName) || object.metadata.generateName == ''))",
    ].join('\n'),
    message:
      'what this account keeps in namespaces gets no owners, finalizers or made-up name from it',
  },
];

const ofNamespaces: readonly Check[] = [
  {
    // Whatever is new or another value is a label that profiles may give, and was nobody else's before.
    expression: [
      '!variables.ofNamespace || variables.kept_labels.all(key,',
      '(key in variables.was_labels && variables.was_labels[key] == variables.kept_labels[key])',
      "|| (key == 'kubernetes.io/metadata.name' && request.operation == 'CREATE')",
      `|| ((key in variables.keptLabels || key.startsWith(${celText(podSecurityPrefix)}))`,
      '&& (!(key in variables.was_labels) || key in variables.was_set)))',
    ].join('\n'),
    message:
      'this account gives namespaces only labels of Ambit, of Pod Security and of namespaces.labels of the ceiling, and never in the place of what others set',
  },
  {
    expression:
      '!variables.ofNamespace || variables.was_labels.all(key, key in variables.kept_labels || key in variables.was_set)',
    message: 'this account takes no labels from namespaces but those that it set',
  },
  {
    expression: [
      '!variables.ofNamespace || (variables.kept_set.all(key, key in variables.was_set || !(key in variables.was_labels))',
      `&& variables.kept_annotations.all(key, key == ${celText(setLabelsAnnotation)}`,
      '|| (key in variables.was_annotations && variables.was_annotations[key] == variables.kept_annotations[key]))',
      `&& variables.was_annotations.all(key, key == ${celText(setLabelsAnnotation)} || key in variables.kept_annotations))`,
    ].join('\n'),
    message:
      'this account says of no label that others set that it is its own, and changes no other annotation',
  },
  {
    expression: '!variables.ofNamespace || !variables.changesKept || object.spec == oldObject.spec',
    message: 'this account changes nothing of a namespace but labels',
  },
];

const ofObjects: readonly Check[] = [
  {
    expression:
      "!variables.ofProfile || (request.name.startsWith('ambit-') || (variables.putsKept && object.metadata.name.startsWith('ambit-')))",
    message: 'what this account keeps in namespaces is named as Ambit names it',
  },
  {
    expression: `!variables.ofProfile || request.operation == 'CREATE' || ${identity} in variables.was_annotations`,
    message: 'what stands there in the namespace is not one of Ambit',
  },
  {
    expression: [
      '!variables.ofProfile || !variables.putsKept',
      `|| (${identity} in variables.kept_annotations`,
      `&& variables.kept_annotations.all(key, key == ${identity} || (key in variables.was_annotations && variables.was_annotations[key] == variables.kept_annotations[key]))`,
      `&& variables.kept_labels.all(key, key in ${ownLabels} || (key in variables.was_labels && variables.was_labels[key] == variables.kept_labels[key])))`,
    ].join('\n'),
    message:
      'what this account keeps in namespaces says that it does, and gets no other labels or annotations from it',
  },
  {
    expression: [
      "!variables.ofProfile || request.operation != 'CREATE'",
      `|| (${celText(ambitLabels.managedBy)} in variables.kept_labels && variables.kept_labels[${celText(ambitLabels.managedBy)}] == ${celText(managedByValue)})`,
    ].join('\n'),
    message: 'what this account makes in namespaces carries the labels of Ambit',
  },
];
