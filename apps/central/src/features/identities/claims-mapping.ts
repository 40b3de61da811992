import type { ClaimRuleWrite, ProviderClaims } from '@ambit/contracts';
import { checkName } from '@ambit/domain';
import { compareText, counted } from '@ambit/kernel';
import { isTrue, textsOf } from './claims-expression.ts';
import type { ClaimsContext } from './claims-expression.ts';
import { identityRefused } from './identity-refused.ts';
import type { UpstreamSignIn } from './upstream-sign-in.ts';

/** What of a provider says which groups its claims give. */
export interface GroupRules {
  readonly names: Pick<ProviderClaims, 'groups'>;
  readonly rules: readonly ClaimRuleWrite[];
  /** What happens when the provider could not tell all groups. */
  readonly overage: 'Refuse' | 'Graph';
}

/** A group with the places of the rules that give it. */
export type RulesOfGroup = ReadonlyMap<string, readonly number[]>;

export interface MappedGroups {
  /** Absent: the provider did not say, which is another thing than none. */
  readonly groups?: RulesOfGroup;
  readonly notes: readonly string[];
}

/** More than any provider puts into a token; what is beyond is no longer looked at. */
const most = {
  bytes: 65_536,
  values: 5_000,
  depth: 32,
  groups: 2_500,
  text: 1_024,
  notes: 20,
  note: 400,
};

/** The groups that the claims give by the rules. Throws `identity_refused` for claims that cannot be what was meant. */
export function mappedGroups(
  { provider, claims, groupsComplete }: UpstreamSignIn,
  { names, rules, overage }: GroupRules,
): MappedGroups {
  requireBounded(provider, claims, names.groups);
  if (rules.length === 0) return { groups: new Map(), notes: [] };
  const named = namedGroups(provider, claims, names.groups);
  if (!groupsComplete || (named === undefined && saysOverage(claims))) {
    if (overage === 'Refuse') throw tooManyGroups(provider);
    return { notes: [unread(provider)] };
  }
  if (named === undefined) return { notes: [missing(provider, names.groups ?? '')] };
  return givenBy(rules, { claims, groups: named });
}

/** Empty where the provider tells no groups at all; undefined when it should have and did not. */
function namedGroups(
  provider: string,
  claims: UpstreamSignIn['claims'],
  claim: string | undefined,
): readonly string[] | undefined {
  if (claim === undefined) return [];
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value))
    throw identityRefused(
      provider,
      `Its claim "${claim}" is ${kindOf(value)} where a list of groups belongs.`,
      `${whoSets} to send a list; one group is a list too.`,
    );
  if (value.length > most.groups)
    throw identityRefused(provider, `It names more than ${most.groups} groups.`, `${whoSets}.`);
  if (value.every((each) => typeof each === 'string' && each.length <= most.text))
    return value as readonly string[];
  throw identityRefused(
    provider,
    `Its claim "${claim}" holds something else than names of groups.`,
    `${whoSets}.`,
  );
}

const whoSets = 'Whoever looks after the provider can set it';

const kindOf = (value: unknown): string =>
  typeof value === 'string' ? 'a text' : `of the type ${typeof value}`;

/** Entra leaves the groups out when there are more than a token can name, and says only this. */
function saysOverage(claims: UpstreamSignIn['claims']): boolean {
  const elsewhere = claims['_claim_names'];
  return (
    claims['hasgroups'] === true ||
    (typeof elsewhere === 'object' && elsewhere !== null && 'groups' in elsewhere)
  );
}

const tooManyGroups = (provider: string): ReturnType<typeof identityRefused> =>
  identityRefused(
    provider,
    'You are in more groups than it can name in a token, and they could not be read.',
    'Ask an administrator of Ambit: entra.overage: Graph reads them from Graph, or the provider can be set to name only the groups that are assigned to the application.',
    'overage',
  );

const unread = (provider: string): string =>
  `Your groups at ${provider} could not be read: what they give you stays as it was.`;

const missing = (provider: string, claim: string): string =>
  `${provider} sent no claim "${claim}": what your groups give you stays as it was.`;

/** The groups that rules give for claims that can be looked at. */
function givenBy(rules: readonly ClaimRuleWrite[], context: ClaimsContext): MappedGroups {
  const groups = new Map<string, number[]>();
  const notes: string[] = [];
  const held = new Set(context.groups);
  rules.forEach((rule, at) => {
    const given = rule.value === undefined ? evaluated(rule, context) : byValue(rule, held);
    for (const group of new Set(given.groups))
      groups.set(group, [...(groups.get(group) ?? []), at]);
    notes.push(...given.notes.map((note) => `Rule ${at}: ${note}`));
  });
  return { groups, notes: shortened(notes) };
}

interface Given {
  readonly groups: readonly string[];
  readonly notes: readonly string[];
}

const nothing: Given = { groups: [], notes: [] };

const only = (group: string | undefined): Given =>
  group === undefined ? nothing : { groups: [group], notes: [] };

const byValue = ({ value, group }: ClaimRuleWrite, held: ReadonlySet<string>): Given =>
  value !== undefined && held.has(value) ? only(group) : nothing;

function evaluated(rule: ClaimRuleWrite, context: ClaimsContext): Given {
  if (rule.when !== undefined) {
    const truth = isTrue(rule.when, context);
    if (!truth.ok) return { groups: [], notes: [truth.problem] };
    return truth.value ? only(rule.group) : nothing;
  }
  const texts = textsOf(rule.each ?? '', context);
  return texts.ok ? byEach(rule, texts.value) : { groups: [], notes: [texts.problem] };
}

/** The whole text names the group: of a path nothing is cut off. */
function byEach({ prefix = '', only: among }: ClaimRuleWrite, texts: readonly string[]): Given {
  if (prefix === '' && among === undefined) return nothing;
  const allowed = among === undefined ? undefined : new Set(among);
  const groups: string[] = [];
  const notes: string[] = [];
  for (const text of texts) {
    const name = prefix + text;
    if (allowed?.has(name) === false) continue;
    if (checkName('Group', name) === undefined) groups.push(name);
    else
      notes.push(`${shown(name)} cannot be the name of a group; a rule with "value" can name it`);
  }
  return { groups, notes };
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 80));

/** As many as somebody reads, of a length that fits a page; how many more there are is said of `what`. */
export function shortened(notes: readonly string[], what = 'more note'): readonly string[] {
  const told = notes.slice(0, most.notes).map(cut);
  if (notes.length <= most.notes) return told;
  return [...told, `and ${counted(notes.length - most.notes, what)}`];
}

const cut = (note: string): string =>
  note.length <= most.note ? note : `${note.slice(0, most.note - 1)}…`;

/** The same claims in the same order give the same groups in the same order. */
export function groupNames(groups: RulesOfGroup): readonly string[] {
  return [...groups.keys()].sort(compareText);
}

/** The groups have a bound of their own: a directory may have put many of them. */
function requireBounded(
  provider: string,
  claims: UpstreamSignIn['claims'],
  groups: string | undefined,
): void {
  const entries = Object.entries(claims).filter(([name]) => name !== groups);
  const tooMuch = (): never => {
    throw identityRefused(
      provider,
      'It says more than a token of a person can hold.',
      `${whoSets}.`,
    );
  };
  let left = most.values;
  let level: readonly unknown[] = entries.map(([, value]) => value);
  for (let depth = 0; level.length > 0; depth += 1) {
    left -= level.length;
    if (left < 0 || depth > most.depth) tooMuch();
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value as object) : [],
    );
  }
  if (Buffer.byteLength(JSON.stringify(Object.fromEntries(entries))) > most.bytes) tooMuch();
}
