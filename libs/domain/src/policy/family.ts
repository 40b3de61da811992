import { base32, compareText, type Digests, type Millis } from '@ambit/kernel';
import {
  canonicalSelector,
  selectorText,
  type IntentScope,
  type RoleReference,
  type SubjectMode,
} from '@ambit/rbac';
import { hasValidTimes, isTimeBound } from '../grants/grant-times.ts';
import type { NamespaceSelector, PolicyRole } from '../policy-objects.ts';
import { writtenGrant, type CompiledGrant } from './compiled-grant.ts';

/** Most namespaces one grant may list. */
export const maxListedNamespaces = 500;

/**
 * All grants of one role and one namespace scope, in whatever clusters: standing ones together, a time-bound one
 * by itself. A family becomes one BINDING entry a shard in each cluster it reaches.
 */
export interface Family {
  /** Says role, scope and class without ambiguity. */
  readonly text: string;
  /** The same without class: what people hold. */
  readonly roleScope: string;
  readonly role: RoleReference;
  readonly scope: IntentScope;
  readonly grantUid?: string;
  /** Of a grant with hours, the beginning of one of its windows: each is a family of its own. */
  readonly window?: Millis;
  readonly notBefore?: Millis;
  readonly notAfter?: Millis;
}

/** Joins parts so that no two lists of parts give the same text. */
function joinUnambiguously(parts: readonly string[]): string {
  return parts.map((part) => `${part.length}:${part}`).join('');
}

/** What bindings of this role refer to; undefined unless exactly one of `clusterRole` and `rules` is set. */
export function roleReferenceOf(role: PolicyRole): RoleReference | undefined {
  if ((role.clusterRole === undefined) === (role.rules === undefined)) return undefined;
  return role.clusterRole === undefined
    ? { type: 'ours', roleUid: role.uid }
    : { type: 'existing', clusterRole: role.clusterRole };
}

/**
 * The scope as the agent gets it. Undefined for a scope that names nothing: an empty list or an empty selector is
 * a mistake and never stands for everything.
 */
export function intentScopeOf(namespaces: NamespaceSelector): IntentScope | undefined {
  switch (namespaces.type) {
    case 'clusterWide':
      return { type: 'clusterWide' };
    case 'owned':
      return undefined;
    case 'all':
      return { type: 'selector', selector: { requirements: [] } };
    case 'selector':
      if (namespaces.selector.requirements.length === 0) return undefined;
      return { type: 'selector', selector: canonicalSelector(namespaces.selector) };
    case 'names': {
      const names = [...new Set(namespaces.names)].sort(compareText);
      if (names.length === 0 || names.length > maxListedNamespaces) return undefined;
      return { type: 'namespaces', names };
    }
  }
}

function scopeText(scope: IntentScope): string {
  switch (scope.type) {
    case 'clusterWide':
      return 'clusterWide';
    case 'namespaces':
      return joinUnambiguously(['namespaces', ...scope.names]);
    case 'selector':
      return joinUnambiguously(['selector', selectorText(scope.selector)]);
  }
}

const roleText = (role: RoleReference): string =>
  role.type === 'existing'
    ? joinUnambiguously(['existing', role.clusterRole])
    : joinUnambiguously(['ours', role.roleUid]);

function roleScopeText(role: RoleReference, scope: IntentScope): string {
  return joinUnambiguously([roleText(role), scopeText(scope)]);
}

/**
 * What a subject of such an intent holds, one text for each place. A list of namespaces is one place for each, so
 * that one name less in a list is one place less and not all of them.
 */
function placesOf(role: RoleReference, scope: IntentScope): readonly string[] {
  if (scope.type !== 'namespaces') return [roleScopeText(role, scope)];
  return scope.names.map((name) => roleScopeText(role, { type: 'namespaces', names: [name] }));
}

function classText({ grantUid, window }: Pick<Family, 'grantUid' | 'window'> = {}): string {
  if (grantUid === undefined) return 'standing';
  return window === undefined ? `grant ${grantUid}` : `grant ${grantUid}@${window}`;
}

const familyPlaces = new WeakMap<Family, readonly string[]>();

/** What a grant of the family gives: see `placesOf`. */
export function placesOfFamily(family: Family): readonly string[] {
  const { scope, roleScope } = family;
  // Nearly all families give one place, whose text they hold anyway.
  if (scope.type !== 'namespaces' || scope.names.length === 1) return [roleScope];
  let places = familyPlaces.get(family);
  if (places === undefined) {
    familyPlaces.set(family, (places = placesOf(family.role, family.scope)));
  }
  return places;
}

/** The family a grant belongs to; undefined when it can compile to nothing. */
export const familyOf = (grant: CompiledGrant, role: PolicyRole | undefined): Family | undefined =>
  new GrantFamilies().of(grant, role);

/**
 * Families of many grants. Most grants name one namespace, and most of these share it and the role with others: their
 * texts are put together once. Forget it when a role changes.
 */
export class GrantFamilies {
  private readonly ofOneName = new Map<PolicyRole, Map<string, Family>>();

  /** Undefined when the grant can compile to nothing. */
  of(grant: CompiledGrant, role: PolicyRole | undefined): Family | undefined {
    if (role === undefined || grant.ended || !hasValidTimes(grant)) return undefined;
    const standing = this.standing(role, grant.scope.namespaces);
    if (standing === undefined || !isTimeBound(grant)) return standing;
    const { window } = grant;
    const of = { grantUid: writtenGrant(grant).uid, ...(window === undefined ? {} : { window }) };
    return {
      ...standing,
      text: `${classText(of)}/${standing.roleScope}`,
      ...of,
      ...(grant.notBefore === undefined ? {} : { notBefore: grant.notBefore }),
      ...(grant.until === undefined ? {} : { notAfter: grant.until }),
    };
  }

  private standing(role: PolicyRole, namespaces: NamespaceSelector): Family | undefined {
    const [name = ''] = namespaces.type === 'names' ? namespaces.names : [];
    if (namespaces.type !== 'names' || namespaces.names.length !== 1) {
      return standingFamily(role, namespaces);
    }
    let known = this.ofOneName.get(role);
    if (known === undefined) this.ofOneName.set(role, (known = new Map<string, Family>()));
    let family = known.get(name);
    if (family !== undefined) return family;
    family = standingFamily(role, namespaces);
    if (family !== undefined) known.set(name, family);
    return family;
  }
}

function standingFamily(role: PolicyRole, namespaces: NamespaceSelector): Family | undefined {
  const reference = roleReferenceOf(role);
  const scope = intentScopeOf(namespaces);
  if (reference === undefined || scope === undefined) return undefined;
  const roleScope = roleScopeText(reference, scope);
  return { text: `${classText()}/${roleScope}`, roleScope, role: reference, scope };
}

/**
 * The key of one shard of a family; those of groups have keys of their own. It depends on nothing that changes while the
 * family lives.
 */
export function bindingKey(
  family: Family,
  shard: string,
  digests: Digests,
  of: SubjectMode = 'Users',
): string {
  const parts = [family.roleScope, classText(family), shard];
  const text = joinUnambiguously(of === 'Users' ? parts : [...parts, of]);
  return `BINDING/${base32(digests.sha256(digests.utf8(text)), 26)}`;
}
