import { compareText } from '@ambit/kernel';
import type { BindingIntent, Intent, IntentScope } from '../intents.ts';
import { scopesOf } from './access-triples.ts';

/** `SUBJECT ROLE SCOPE` of everything that one state gives and another does not, sorted. */
export interface AccessDifference {
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

/** Compares what two states give, for people who read it. */
export function accessDifference(
  before: Iterable<Intent>,
  after: Iterable<Intent>,
): AccessDifference {
  const was = accessOf(before);
  const is = accessOf(after);
  return { gained: only(is, was), lost: only(was, is) };
}

function only(these: ReadonlySet<string>, those: ReadonlySet<string>): string[] {
  return Array.from(these)
    .filter((text) => !those.has(text))
    .sort(compareText);
}

function accessOf(intents: Iterable<Intent>): Set<string> {
  const all = [...intents];
  const names = new Map(
    all.flatMap((one) => (one.section === 'ROLE' ? [[one.uid, one.name] as const] : [])),
  );
  const texts = new Set<string>();
  for (const intent of all) if (intent.section === 'BINDING') addTexts(texts, intent, names);
  return texts;
}

function addTexts(
  texts: Set<string>,
  { role, scope, subjects }: BindingIntent,
  names: ReadonlyMap<string, string>,
): void {
  const roleText =
    role.type === 'existing' ? role.clusterRole : (names.get(role.roleUid) ?? role.roleUid);
  for (const each of scopesOf(scope)) {
    for (const subject of subjects) texts.add(`${subject} ${roleText} ${scopeText(each)}`);
  }
}

function scopeText(scope: IntentScope): string {
  if (scope.type === 'clusterWide') return '*';
  if (scope.type === 'namespaces') return scope.names.join();
  const parts = scope.selector.requirements.map(
    ({ key, operator, values }) => `${key} ${operator} [${values.join()}]`,
  );
  return `{${parts.join('; ')}}`;
}
