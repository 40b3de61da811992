import { dnsSubdomainProblem, type ErrorItem } from '@ambit/kernel';
import { isForbiddenVerb } from '../ceiling/forbidden-verbs.ts';
import { hasControlCharacter } from '../ceiling/subject-refusal.ts';
import type { PolicyRule } from '../model.ts';
import { ruleProblems } from './rule-problems.ts';

/** What is wrong with one text of a rule, and what was probably meant. */
interface Mistake {
  readonly message: string;
  readonly didYouMean?: string;
}

type Field = keyof PolicyRule;

/**
 * Why a rule that somebody writes for us, in a policy or in a ceiling, is refused, with JSON pointers below `pointer`:
 * what an API server refuses (`ruleProblems`), the verbs that are never given, and what an API server takes without a
 * word although no request can ever match it. Wildcards are left alone, also those that are literal text to Kubernetes.
 */
export function policyRuleProblems(rule: PolicyRule, pointer = ''): ErrorItem[] {
  const items = ruleProblems(rule, { namespaced: false, pointer });
  const look = (field: Field, mistake: (text: string) => Mistake | undefined): void => {
    rule[field]?.forEach((text, index) => {
      const found = unseenMistake(text) ?? mistake(text);
      if (found !== undefined) items.push({ pointer: `${pointer}/${field}/${index}`, ...found });
    });
  };
  look('verbs', verbMistake);
  look('apiGroups', apiGroupMistake);
  look('resources', resourceMistake);
  look('resourceNames', () => undefined);
  look('nonResourceURLs', urlMistake);
  return items;
}

/** Verbs of requests, as the API server names them; any other text may be a verb that somebody's own review asks for. */
const requestVerbs = new Set(
  (
    'get list watch create update patch delete deletecollection post put head options ' +
    'use approve sign attest bind escalate impersonate'
  ).split(' '),
);

function verbMistake(verb: string): Mistake | undefined {
  const lower = verb.trim().toLowerCase();
  if (isForbiddenVerb(lower)) {
    return {
      message:
        'the verbs escalate, bind, impersonate and "*" are never granted through Ambit: list the verbs that may be',
    };
  }
  if (lower !== verb && requestVerbs.has(lower)) {
    return { message: `no request has the verb ${shown(verb)}`, didYouMean: lower };
  }
  return wordMistake(verb, 'verb');
}

/** Versions as Kubernetes orders them (apimachinery, pkg/version/helpers.go). */
const versionPattern = /^v[1-9]\d*(?:(?:alpha|beta)[1-9]\d*)?$/;

/** Why a text is no API group, in a rule or a question; undefined when it may be one. */
export function apiGroupMistake(group: string): Mistake | undefined {
  if (group === '' || group.includes('*')) return undefined;
  if (group === 'core' || versionPattern.test(group)) {
    const what = group === 'core' ? 'no name of an API group' : 'a version and no API group';
    return { message: `"${group}" is ${what}; the core group is written ""` };
  }
  const problem = dnsSubdomainProblem(group);
  if (problem === undefined) return undefined;
  const meant = group.trim().toLowerCase().replace(/\/.*$/, '');
  return {
    message: `${shown(group)} is no API group, which is a DNS name such as "apps"`,
    ...(meant !== '' && dnsSubdomainProblem(meant) === undefined ? { didYouMean: meant } : {}),
  };
}

function resourceMistake(resource: string): Mistake | undefined {
  const word = wordMistake(resource, 'resource');
  if (word !== undefined || resource.includes('*')) return word;
  const [name = '', ...subresource] = resource.split('/');
  const [plain = '', ...group] = name.toLowerCase().split('.');
  if (name === plain && name !== '') return undefined;
  const meant = [plain, ...subresource].join('/');
  const message =
    group.length > 0
      ? `${shown(resource)} is no resource: its group belongs into apiGroups`
      : `${shown(resource)} is no resource: their names are lower-case plurals, such as "pods"`;
  return plain === '' ? { message } : { message, didYouMean: meant };
}

function urlMistake(url: string): Mistake | undefined {
  if (url.startsWith('*')) return undefined;
  if (!url.startsWith('/')) {
    const meant = `/${url.trim()}`;
    const didYouMean = /^\/[^\s:?#]+$/.test(meant) ? { didYouMean: meant } : {};
    return { message: `${shown(url)} is no path of a URL: it begins with "/"`, ...didYouMean };
  }
  if (url === url.trim()) return undefined;
  return { message: `${shown(url)} holds a space at its end`, didYouMean: url.trim() };
}

/** Verbs and resources are single words. */
function wordMistake(text: string, what: string): Mistake | undefined {
  if (text === '') return { message: `a ${what} may not be empty` };
  if (!/[\s,]/.test(text)) return undefined;
  const meant = text.trim();
  return {
    message: `no request has the ${what} ${shown(text)}: it holds a space or a comma`,
    ...(meant !== '' && !/[\s,]/.test(meant) ? { didYouMean: meant } : {}),
  };
}

function unseenMistake(text: string): Mistake | undefined {
  return hasControlCharacter(text)
    ? { message: 'may hold no control or invisible characters' }
    : undefined;
}

/** Escaped as JSON, so that blanks at an end are seen. */
function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
