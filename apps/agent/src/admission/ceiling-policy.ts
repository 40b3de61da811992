import { maxSubjectsPerObject } from '@ambit/rbac';
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
    checks: [...scopeChecks, ...bindingChecks, ...roleChecks],
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

const bindingChecks: readonly Check[] = [
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
  {
    expression:
      "variables.subjects.all(subject, subject.kind in ['User', 'Group']\n" +
      `&& has(subject.apiGroup) && subject.apiGroup == ${celText(rbacGroup)}\n` +
      "&& (!has(subject.namespace) || subject.namespace == ''))",
    message: 'only users and groups are bound, never a ServiceAccount',
  },
  {
    expression:
      'variables.subjects.all(subject, variables.subjectPrefixes.exists(prefix,\n' +
      'subject.name.startsWith(prefix) && subject.name != prefix))',
    message: 'a subject begins with none of subjectPrefixes of the ceiling',
  },
  {
    expression:
      "variables.subjects.all(subject, !subject.name.lowerAscii().startsWith('system:')\n" +
      '&& !subject.name.matches("[\\\\p{Cc}\\\\p{Cf}\\\\p{Co}\\\\p{Zl}\\\\p{Zp}]"))',
    message: 'a subject is a name of Kubernetes itself or holds control characters',
  },
  {
    expression:
      'variables.subjects.all(subject, subject.name != request.userInfo.username\n' +
      "&& !(subject.kind == 'Group' && has(request.userInfo.groups) && subject.name in request.userInfo.groups))",
    message: 'this account gives nothing to itself',
  },
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
