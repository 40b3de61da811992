import {
  accessNamespace,
  accountNamePattern,
  ambitAnnotations,
  ambitLabels,
  managedByValue,
} from '@ambit/rbac';
import type { Check, Variable } from './admission-policy.ts';
import { celText, celTexts } from './cel-text.ts';

/*
 * What the gate lets the agent's account do with ServiceAccounts. Whoever may ask for tokens of any ServiceAccount may be
 * anybody, so everything is bounded here: where, of which names, for how long and for whom.
 */

const labelKeys = Object.values(ambitLabels);
const ofToken = "has(request.subResource) && request.subResource == 'token'";
const ofObject = "(!has(request.subResource) || request.subResource == '')";

const making = `((${ofObject} && request.operation in ['CREATE', 'DELETE'])\n|| (${ofToken} && request.operation == 'CREATE'))`;
const takingAway = `${ofObject} && request.operation == 'DELETE'`;

/** `makes`: the ceiling names the way. Without it what was made before is still taken away, and nothing else is let through. */
export function accountVariables(makes: boolean): Variable[] {
  return [
    {
      name: 'ofAccounts',
      expression: [
        "request.resource.group == '' && request.resource.resource == 'serviceaccounts'",
        `has(request.namespace) && request.namespace == ${celText(accessNamespace)}`,
        makes ? making : takingAway,
      ].join('\n&& '),
    },
    ...(makes ? ofMaking : []),
    {
      name: 'deletesAccount',
      expression: "variables.ofAccounts && request.operation == 'DELETE'",
    },
  ];
}

const ofMaking: readonly Variable[] = [
  { name: 'asksToken', expression: `variables.ofAccounts && ${ofToken}` },
  {
    name: 'makesAccount',
    expression: "variables.ofAccounts && !variables.asksToken && request.operation == 'CREATE'",
  },
];

const none = (field: string): string => `(!has(object.${field}) || object.${field}.size() == 0)`;
const carries = (object: string): string =>
  [
    `has(${object}.metadata.labels) && has(${object}.metadata.annotations)`,
    `${celText(ambitLabels.managedBy)} in ${object}.metadata.labels`,
    `${object}.metadata.labels[${celText(ambitLabels.managedBy)}] == ${celText(managedByValue)}`,
    `${celText(ambitAnnotations.identity)} in ${object}.metadata.annotations`,
  ].join('\n&& ');

/**
 * Policies see the audiences that the API server fills in where none is asked for, and have no way to know its own: it is
 * called by a URL everywhere, and by these names besides. Others who trust tokens of ServiceAccounts are called otherwise,
 * but for one.
 */
const namedServers = ['k3s', 'rke2'];

export function accountChecks(makes: boolean): Check[] {
  return makes ? [...whenMade, ...whenDeleted, ...whenAsked] : [...whenDeleted];
}

const whenMade: readonly Check[] = [
  {
    expression: `!variables.makesAccount || object.metadata.name.matches(${celText(accountNamePattern)})`,
    message: 'this account makes only ServiceAccounts that are named as those of people are',
  },
  {
    expression: [
      '!variables.makesAccount',
      `|| (${carries('object')}`,
      `&& object.metadata.labels.all(key, key in ${celTexts(labelKeys)})`,
      `&& object.metadata.annotations.all(key, key == ${celText(ambitAnnotations.identity)}))`,
    ].join('\n'),
    message:
      'a ServiceAccount that this account makes carries the labels of Ambit and no others, and says whose it is',
  },
  {
    expression: `!variables.makesAccount || (${none('secrets')} && ${none('imagePullSecrets')})`,
    message: 'a ServiceAccount that this account makes names no secrets',
  },
  {
    expression: [
      '!variables.makesAccount',
      "|| ((!has(object.metadata.generateName) || object.metadata.generateName == '')",
      `&& ${none('metadata.ownerReferences')} && ${none('metadata.finalizers')})`,
    ].join('\n'),
    message: 'a ServiceAccount that this account makes has no owners, finalizers or made-up name',
  },
];

const whenDeleted: readonly Check[] = [
  {
    expression: "!variables.deletesAccount || request.name != ''",
    message: 'this account deletes ServiceAccounts one by one',
  },
  {
    expression: `!variables.deletesAccount || (${carries('oldObject')})`,
    message: 'this account deletes only ServiceAccounts that it made',
  },
];

const whenAsked: readonly Check[] = [
  {
    expression: `!variables.asksToken || request.name.matches(${celText(accountNamePattern)})`,
    message: 'this account asks only for tokens of ServiceAccounts of people',
  },
  {
    expression:
      '!variables.asksToken || (has(object.spec.expirationSeconds) && object.spec.expirationSeconds <= 3600)',
    message: 'a token that this account asks for lasts at most an hour',
  },
  {
    expression: [
      '!variables.asksToken || !has(object.spec.audiences)',
      `|| object.spec.audiences.all(one, one in ${celTexts(namedServers)}`,
      `|| (one.startsWith('https://') && !one.startsWith('https://iam.googleapis.com/')))`,
    ].join('\n'),
    message:
      'a token that this account asks for is for the API server itself, and for no cloud or vault',
  },
  {
    expression:
      '!variables.asksToken || !has(object.spec.boundObjectRef) || object.spec.boundObjectRef == null',
    message: 'a token that this account asks for is bound to nothing',
  },
];
