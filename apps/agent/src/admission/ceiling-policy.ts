import { accessNamespace, accountNamePattern, maxSubjectsPerObject } from '@ambit/rbac';
import type { Ceiling, PolicyRule } from '@ambit/rbac';
import {
  ceilingName,
  fieldOr,
  rbacGroup,
  releasing,
  writtenResources,
} from './admission-policy.ts';
import type { Check, PolicyDraft, Variable } from './admission-policy.ts';
import { celText, celTexts } from './cel-text.ts';
import { ourNamePattern } from './gate-policy.ts';

/** What the objects of ours may give. The values of the ceiling stand in the text: nothing can be missing at run time. */
export function ceilingPolicy(ceiling: Ceiling): PolicyDraft {
  return {
    name: ceilingName,
    resourceRules: [
      {
        apiGroups: [rbacGroup],
        apiVersions: ['*'],
        operations: ['CREATE', 'UPDATE'],
        resources: writtenResources,
        scope: '*',
      },
    ],
    variables: ceilingVariables(ceiling),
    checks: [...scopeChecks, ...bindingChecks(ceiling), ...roleChecks],
  };
}

function ceilingVariables(ceiling: Ceiling): Variable[] {
  const { customRoles, subjectPrefixes } = ceiling;
  const onResources = customRoles.rules.filter(({ resources = [] }) => resources.length > 0);
  const onUrls = customRoles.rules.filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0);
  return [
    releasing,
    {
      name: 'binding',
      expression:
        "!variables.releasing && request.resource.resource in ['rolebindings', 'clusterrolebindings']",
    },
    {
      name: 'role',
      expression: "!variables.releasing && request.resource.resource == 'clusterroles'",
    },
    { name: 'place', expression: "has(request.namespace) ? request.namespace : ''" },
    {
      name: 'subjects',
      expression: `variables.binding ? ${fieldOr('object.subjects', '[]')} : []`,
    },
    { name: 'rules', expression: `variables.role ? ${fieldOr('object.rules', '[]')} : []` },
    { name: 'allowedClusterRoles', expression: celTexts(ceiling.allowedClusterRoles) },
    { name: 'clusterScope', expression: String(ceiling.clusterScope) },
    { name: 'customRoles', expression: String(customRoles.rules.length > 0) },
    { name: 'protectedNamespaces', expression: celTexts(ceiling.protectedNamespaces) },
    {
      name: 'subjectPrefixes',
      expression: celTexts(subjectPrefixes.filter((prefix) => prefix !== '')),
    },
    { name: 'onResources', expression: list(onResources.map(resourceRule)) },
    { name: 'onUrls', expression: list(onUrls.map(urlRule)) },
  ];
}

/** A list of maps of one type; CEL cannot tell the type of an empty one, and need not. */
function list(maps: readonly string[]): string {
  return `[${maps.join(',\n')}]`;
}

function resourceRule({
  apiGroups = [],
  resources = [],
  resourceNames = [],
  verbs,
}: PolicyRule): string {
  return `{"groups": ${celTexts(apiGroups)}, "resources": ${celTexts(resources)}, "names": ${celTexts(resourceNames)}, "verbs": ${celTexts(verbs)}}`;
}

/** A URL that ends in stars stands for what begins with the rest. */
function urlRule({ nonResourceURLs = [], verbs }: PolicyRule): string {
  const prefixes = nonResourceURLs
    .filter((url) => url.endsWith('*'))
    .map((url) => url.replace(/\*+$/, ''));
  return `{"urls": ${celTexts(nonResourceURLs)}, "prefixes": ${celTexts(prefixes)}, "verbs": ${celTexts(verbs)}}`;
}

const scopeChecks: readonly Check[] = [
  {
    expression: '!variables.binding || !(variables.place in variables.protectedNamespaces)',
    message: 'the namespace is protected',
  },
  {
    expression:
      "!variables.binding || request.resource.resource != 'clusterrolebindings' || variables.clusterScope",
    message: 'the ceiling allows no bindings of the whole cluster',
  },
];

/**
 * What holds of every subject, in one walk and one message: reading a field of an object is what costs here, and the
 * API server works out a message of its own for each check whether it is refused or not.
 */
const userIsAllowed = [
  "subject.kind in ['User', 'Group']",
  `has(subject.apiGroup) && subject.apiGroup == ${celText(rbacGroup)}`,
  "(!has(subject.namespace) || subject.namespace == '')",
  'variables.subjectPrefixes.exists(prefix, subject.name.startsWith(prefix) && subject.name != prefix)',
  "!subject.name.lowerAscii().startsWith('system:')",
  'subject.name != request.userInfo.username',
  "!(subject.kind == 'Group' && has(request.userInfo.groups) && subject.name in request.userInfo.groups)",
].join('\n&& ');

/** One of ours in our own namespace. Elsewhere a ServiceAccount is a program, which may be anything. */
const accountIsAllowed = [
  "subject.kind == 'ServiceAccount'",
  "(!has(subject.apiGroup) || subject.apiGroup == '')",
  `has(subject.namespace) && subject.namespace == ${celText(accessNamespace)}`,
].join('\n&& ');

/** All names at once, as below. */
const accountNames = `^(${accountNamePattern.replace(/^\^|\$$/g, '')} ?)*$`;

/** All names at once: a pattern is worked out for every match. */
const namesArePlain = String.raw`!variables.subjects.map(subject, subject.name).join('').matches("[\\p{Cc}\\p{Cf}\\p{Co}\\p{Zl}\\p{Zp}]")`;

const usersAllowed = `variables.subjects.all(subject, ${userIsAllowed})\n&& ${namesArePlain}`;
const userMessage =
  'begins with one of subjectPrefixes of the ceiling, is no name of Kubernetes itself, holds no control characters, and is not this account';

/** Without the way in it says what it said before there was one, so that nobody has to apply the policies anew. */
const subjectCheck = ({ credentials }: Ceiling): Check =>
  credentials.includes('ServiceAccountToken')
    ? {
        expression: [
          `(${usersAllowed})`,
          `|| (variables.subjects.all(subject, ${accountIsAllowed})`,
          `&& variables.subjects.map(subject, subject.name).join(' ').matches(${celText(accountNames)}))`,
        ].join('\n'),
        message: `a subject is the ServiceAccount of a person in ${accessNamespace} and no other, or a user or a group that ${userMessage}`,
      }
    : {
        expression: usersAllowed,
        message: `a subject is a user or a group and never a ServiceAccount, ${userMessage}`,
      };

const bindingChecks = (ceiling: Ceiling): readonly Check[] => [
  {
    expression:
      `!variables.binding || (object.roleRef.apiGroup == ${celText(rbacGroup)} && object.roleRef.kind == 'ClusterRole'\n` +
      '&& (object.roleRef.name in variables.allowedClusterRoles\n' +
      `|| (variables.customRoles && object.roleRef.name.matches(${celText(ourNamePattern)}))))`,
    message: 'the role is not in allowedClusterRoles of the ceiling',
  },
  {
    expression: `variables.subjects.size() <= ${maxSubjectsPerObject}`,
    message: `an object of Ambit holds at most ${maxSubjectsPerObject} subjects`,
  },
  subjectCheck(ceiling),
];

/** As Kubernetes reckons whether rules cover others: each single permission by one rule of the ceiling. */
const covered = [
  'variables.rules.all(rule, !has(rule.resources) || rule.resources.size() == 0',
  '|| (has(rule.apiGroups) && rule.apiGroups.size() > 0',
  '&& rule.apiGroups.all(group, rule.resources.all(resource, rule.verbs.all(verb,',
  '(has(rule.resourceNames) && rule.resourceNames.size() > 0 ? rule.resourceNames : [""]).all(name,',
  'variables.onResources.exists(own, verb in own.verbs',
  '&& (group in own.groups || "*" in own.groups)',
  '&& (resource in own.resources || "*" in own.resources',
  '|| (resource.contains("/") && ("*" + resource.substring(resource.indexOf("/"))) in own.resources))',
  // A rule without names covers any, and is covered only by one without.
  '&& (own.names.size() == 0 || (name != "" && name in own.names)))))))))',
].join('\n');

const urlsCovered = [
  'variables.rules.all(rule, !has(rule.nonResourceURLs) || rule.nonResourceURLs.size() == 0',
  '|| ((!has(rule.resources) || rule.resources.size() == 0)',
  '&& rule.nonResourceURLs.all(url, rule.verbs.all(verb,',
  'variables.onUrls.exists(own, verb in own.verbs',
  '&& (url in own.urls || own.prefixes.exists(prefix, url.startsWith(prefix))))))))',
].join('\n');

const roleChecks: readonly Check[] = [
  {
    expression:
      'variables.rules.all(rule, rule.verbs.size() > 0 && rule.verbs.all(verb,\n' +
      "!(verb in ['*', 'bind', 'escalate']) && !verb.startsWith('impersonate')))",
    message: 'a verb that lifts its holder above RBAC is never granted',
  },
  {
    expression:
      'variables.rules.all(rule, (has(rule.resources) && rule.resources.size() > 0)\n' +
      '|| (has(rule.nonResourceURLs) && rule.nonResourceURLs.size() > 0))',
    message: 'a rule names resources or URLs',
  },
  { expression: covered, message: 'customRoles of the ceiling do not cover a rule' },
  { expression: urlsCovered, message: 'customRoles of the ceiling do not cover a rule on URLs' },
];
