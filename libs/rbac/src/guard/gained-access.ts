import type { Millis } from '@ambit/kernel';
import { covers, maxRuleAtoms, ruleAtoms } from '../evaluate/covers.ts';
import type { BindingIntent, Intent, IntentScope, RoleIntent } from '../intents.ts';
import type { PolicyRule } from '../model.ts';
import { placeText, scopesOf } from './access-triples.ts';

/** What a state gives beyond another one. */
export interface GainedAccess {
  /** By role and scope, then by kind and name of the subject: until when the other state gave it; 0 when it did not. */
  readonly subjects: ReadonlyMap<string, ReadonlyMap<string, Millis>>;
  /** Roles of ours, by uid, that have more rules than in the other state. */
  readonly roles: ReadonlyMap<string, GainedRules>;
}

interface GainedRules {
  readonly before: readonly PolicyRule[];
  readonly more: readonly PolicyRule[];
}

/** What is given of an intent while gains are held, and how many (role, scope, subject) of it are not. */
export interface GivenPart {
  readonly given: readonly Intent[];
  readonly held: readonly HeldAccess[];
}

export interface HeldAccess {
  readonly place: string;
  readonly subject: string;
  /** Until when it is given all the same. */
  readonly until: Millis;
}

interface Window {
  readonly from: Millis;
  readonly until: Millis;
}

/**
 * What `after` gives that `before` did not: another subject, role or scope, an earlier start, a later end, or more rules
 * in a role of ours. Give `before` as `effectiveIntents`.
 */
export function gainedAccess(before: Iterable<Intent>, after: Iterable<Intent>): GainedAccess {
  const old = [...before];
  const fresh = [...after];
  return { subjects: gainedSubjects(old, fresh), roles: gainedRules(old, fresh) };
}

/**
 * What two steps gain, one after the other. The state between them names what the first one gained and did not give it,
 * so that the second one never makes more of it: the earlier end counts, and rules that wait are no rules of before.
 */
export function joinedGains(first: GainedAccess, second: GainedAccess): GainedAccess {
  const subjects = new Map(first.subjects);
  for (const [place, bounds] of second.subjects) {
    const at = new Map(subjects.get(place));
    for (const [subject, until] of bounds) {
      at.set(subject, Math.min(at.get(subject) ?? Infinity, until));
    }
    subjects.set(place, at);
  }
  const roles = new Map(first.roles);
  for (const [uid, { before, more }] of second.roles) {
    const waits = roles.get(uid);
    const given = before.filter((rule) => waits === undefined || !gives(waits.more, rule));
    roles.set(uid, {
      before: [...(waits?.before ?? []), ...given],
      more: [...(waits?.more ?? []), ...more],
    });
  }
  return { subjects, roles };
}

/** An intent less what is held of it. Parts of it get keys of their own, which begin with the key of the intent. */
export function withoutGains(intent: Intent, gained: GainedAccess): GivenPart {
  if (intent.section === 'ROLE') return roleWithout(intent, gained);
  return intent.section === 'BINDING' ? partsOf(intent, gained) : { given: [intent], held: [] };
}

/** The key of the intent that a part of it belongs to; a key of no part as it is. */
export function intentKeyOf(key: string): string {
  const at = key.indexOf(partMark);
  return at < 0 ? key : key.slice(0, at);
}

const partMark = ' part ';

/** The rules that both states give, and those of neither. */
function roleWithout(intent: RoleIntent, gained: GainedAccess): GivenPart {
  const bounds = gained.roles.get(intent.uid);
  const isHeld = (rule: PolicyRule): boolean =>
    bounds !== undefined &&
    (isTooLarge(rule) || (gives(bounds.more, rule) && !gives(bounds.before, rule)));
  if (bounds === undefined || !intent.rules.some(isHeld)) return { given: [intent], held: [] };
  const kept = intent.rules.filter((rule) => !isHeld(rule));
  const still = bounds.before.filter((rule) => gives(intent.rules, rule) && !gives(kept, rule));
  return { given: [{ ...intent, rules: [...kept, ...still] }], held: [roleHeld(intent.uid)] };
}

function gives(rules: readonly PolicyRule[], rule: PolicyRule): boolean {
  return !isTooLarge(rule) && covers(rules, [rule]).covered;
}

/** Nobody compares it, so it waits; no ceiling lets it through anyway. */
function isTooLarge(rule: PolicyRule): boolean {
  return ruleAtoms([rule]) > maxRuleAtoms;
}

function roleHeld(uid: string): HeldAccess {
  return { place: JSON.stringify([[uid]]), subject: '', until: 0 };
}

function partsOf(intent: BindingIntent, gained: GainedAccess): GivenPart {
  const held: HeldAccess[] = [];
  const given: BindingIntent[] = [];
  for (const scope of scopesOf(intent.scope)) {
    const place = placeText(intent.role, scope);
    const bounds = gained.subjects.get(place);
    for (const [until, subjects] of byBound(intent, bounds)) {
      if (until !== Infinity) {
        held.push(
          ...subjects.map((subject) => ({ place, until, subject: kindOf(intent, subject) })),
        );
      }
      if (until > 0) given.push(part({ intent, scope, subjects, until }, given.length));
    }
  }
  return held.length === 0 ? { given: [intent], held } : { given, held };
}

/** The subjects by until when they may have it; Infinity for those who may as long as the intent says. */
function byBound(
  intent: BindingIntent,
  bounds: ReadonlyMap<string, Millis> | undefined,
): Map<Millis, string[]> {
  const groups = new Map<Millis, string[]>();
  for (const subject of intent.subjects) {
    const bound = bounds?.get(kindOf(intent, subject)) ?? Infinity;
    const until = (intent.notAfter ?? Infinity) <= bound ? Infinity : bound;
    groups.set(until, [...(groups.get(until) ?? []), subject]);
  }
  return groups;
}

function part(
  of: {
    readonly intent: BindingIntent;
    readonly scope: IntentScope;
    readonly subjects: readonly string[];
    readonly until: Millis;
  },
  index: number,
): BindingIntent {
  const { intent, scope, subjects, until } = of;
  const whole = { ...intent, key: `${intent.key}${partMark}${index}`, scope, subjects };
  if (until === Infinity) return whole;
  // What has an end of its own stands in an object of its own.
  return { ...whole, notAfter: until, grantUid: intent.grantUid ?? `until ${until} ${intent.key}` };
}

function gainedSubjects(
  before: readonly Intent[],
  after: readonly Intent[],
): Map<string, Map<string, Millis>> {
  const was = windowsOf(before);
  const gained = new Map<string, Map<string, Millis>>();
  for (const [place, subjects] of windowsOf(after)) {
    for (const [subject, windows] of subjects) {
      const bound = endWithin(was.get(place)?.get(subject) ?? [], windows);
      if (bound === Infinity) continue;
      const at = gained.get(place) ?? new Map<string, Millis>();
      gained.set(place, at.set(subject, bound));
    }
  }
  return gained;
}

/** Until when these windows lie within the old ones without a gap; Infinity when all of each does. */
function endWithin(old: readonly Window[], windows: readonly Window[]): Millis {
  const isWithin = ({ from, until }: Window): boolean =>
    old.some((each) => each.from <= from && until <= each.until);
  if (windows.every(isWithin)) return Infinity;
  const start = Math.min(...windows.map(({ from }) => from));
  return old.find(({ from, until }) => from <= start && start < until)?.until ?? 0;
}

/** When each subject has each role in each scope: windows that do not touch. */
function windowsOf(intents: readonly Intent[]): Map<string, Map<string, Window[]>> {
  const places = new Map<string, Map<string, Window[]>>();
  for (const intent of intents) {
    if (intent.section !== 'BINDING') continue;
    for (const scope of scopesOf(intent.scope)) {
      const place = placeText(intent.role, scope);
      const subjects = places.get(place) ?? new Map<string, Window[]>();
      for (const name of intent.subjects) {
        const subject = kindOf(intent, name);
        subjects.set(subject, withWindow(subjects.get(subject) ?? [], intent));
      }
      places.set(place, subjects);
    }
  }
  return places;
}

function withWindow(known: readonly Window[], { notBefore, notAfter }: BindingIntent): Window[] {
  let window: Window = { from: notBefore ?? 0, until: notAfter ?? Infinity };
  const apart: Window[] = [];
  for (const each of known) {
    if (each.until < window.from || window.until < each.from) apart.push(each);
    else {
      const { from, until } = window;
      window = { from: Math.min(from, each.from), until: Math.max(until, each.until) };
    }
  }
  return [...apart, window];
}

/** A user and a group of one name are two. */
function kindOf({ subjectKind }: BindingIntent, subject: string): string {
  return `${subjectKind} ${subject}`;
}

/** Of a role that is bound and has no rules yet its holders would gain all; of one that is not bound nobody does. */
function rolesBoundIn(intents: readonly Intent[]): Set<string> {
  const uids = intents.flatMap((intent) =>
    intent.section === 'BINDING' && intent.role.type === 'ours' ? [intent.role.roleUid] : [],
  );
  return new Set(uids);
}

function gainedRules(
  before: readonly Intent[],
  after: readonly Intent[],
): Map<string, GainedRules> {
  const was = new Map(
    before.flatMap((one) => (one.section === 'ROLE' ? [[one.uid, one.rules] as const] : [])),
  );
  for (const uid of rolesBoundIn(before)) was.set(uid, was.get(uid) ?? []);
  const gained = new Map<string, GainedRules>();
  for (const role of after) {
    const old = role.section === 'ROLE' ? was.get(role.uid) : undefined;
    if (role.section !== 'ROLE' || old === undefined) continue;
    const more = role.rules.filter((rule) => !gives(old, rule));
    if (more.length > 0) gained.set(role.uid, { before: old, more });
  }
  return gained;
}
