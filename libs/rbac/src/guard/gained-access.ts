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

const always: Window = { from: 0, until: Infinity };

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
    for (const [subject, { from, until }] of subjects) {
      const old = was.get(place)?.get(subject);
      const bound = old === undefined || from < old.from ? 0 : old.until;
      if (until <= bound) continue;
      const at = gained.get(place) ?? new Map<string, Millis>();
      gained.set(place, at.set(subject, bound));
    }
  }
  return gained;
}

/** When each subject has each role in each scope, from the first start to the last end. */
function windowsOf(intents: readonly Intent[]): Map<string, Map<string, Window>> {
  const places = new Map<string, Map<string, Window>>();
  for (const intent of intents) {
    if (intent.section !== 'BINDING') continue;
    for (const scope of scopesOf(intent.scope)) {
      const place = placeText(intent.role, scope);
      const subjects = places.get(place) ?? new Map<string, Window>();
      for (const name of intent.subjects) {
        const subject = kindOf(intent, name);
        subjects.set(subject, widest(subjects.get(subject), intent));
      }
      places.set(place, subjects);
    }
  }
  return places;
}

function widest(known: Window | undefined, { notBefore, notAfter }: BindingIntent): Window {
  const window = { from: notBefore ?? always.from, until: notAfter ?? always.until };
  if (known === undefined) return window;
  return {
    from: Math.min(known.from, window.from),
    until: Math.max(known.until, window.until),
  };
}

/** A user and a group of one name are two. */
function kindOf({ subjectKind }: BindingIntent, subject: string): string {
  return `${subjectKind} ${subject}`;
}

function gainedRules(
  before: readonly Intent[],
  after: readonly Intent[],
): Map<string, GainedRules> {
  const was = new Map(
    before.flatMap((one) => (one.section === 'ROLE' ? [[one.uid, one.rules] as const] : [])),
  );
  const gained = new Map<string, GainedRules>();
  for (const role of after) {
    const old = role.section === 'ROLE' ? was.get(role.uid) : undefined;
    if (role.section !== 'ROLE' || old === undefined) continue;
    const more = role.rules.filter((rule) => !gives(old, rule));
    if (more.length > 0) gained.set(role.uid, { before: old, more });
  }
  return gained;
}
