import { delegatedPermissions, everybodysPermissions, rolePermissions } from '@ambit/contracts';
import type { DelegationRole, Permission, TokenRole } from '@ambit/contracts';
import type { AuditActor } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import type { NamedReference } from '@ambit/persistence';
import type { BearerKind } from '@ambit/transport';

/** What a caller was let in by. An access token only names a session, which is what counts. */
interface Credential {
  readonly kind: Exclude<BearerKind, 'AccessToken'>;
  readonly uid: string;
  /** The public part of its text. */
  readonly id: string;
}

/** Whom it stands for: an API token for itself, a session for a person or a program. */
export type Principal =
  | { readonly kind: 'token'; readonly name: string; readonly role: TokenRole }
  | {
      readonly kind: 'user' | 'service';
      readonly name: string;
      readonly uid: string;
      /** What Delegations give it in Ambit itself. */
      readonly roles: readonly DelegationRole[];
      /** The teams that they let it look after. */
      readonly teams: readonly NamedReference[];
    };

/** Who calls. */
export interface Actor {
  readonly credential: Credential;
  readonly principal: Principal;
  /** When the credential ends by itself. */
  readonly expiresAt?: Millis;
}

/** `token/NAME`, `user/NAME` or `service/NAME`. */
export function principalName({ kind, name }: Pick<Principal, 'kind' | 'name'>): string {
  return `${kind}/${name}`;
}

/** The actor as audit events name it. */
export function auditActor({ principal, credential }: Actor): AuditActor {
  const { kind } = principal;
  const name = principalName(principal);
  return kind === 'token' ? { kind, name } : { kind, name, session: credential.id };
}

/** The credential as messages to its holder name it. */
export function credentialName({ principal }: Pick<Actor, 'principal'>): string {
  return principal.kind === 'token'
    ? `token ${principal.name}`
    : `session of ${principalName(principal)}`;
}

/** What the caller may do in Ambit itself. */
export function permissionsOf({ principal }: Actor): readonly Permission[] {
  return principal.kind === 'token'
    ? rolePermissions[principal.role]
    : permissionsOfRoles(principal.roles);
}

/** What Delegations of these roles give together. */
export function permissionsOfRoles(roles: readonly DelegationRole[]): readonly Permission[] {
  const given = roles.flatMap((role) => delegatedPermissions[role]);
  return [...new Set([...everybodysPermissions, ...given])];
}

/** True when the caller holds the permission. */
export function mayDo(actor: Actor, permission: Permission): boolean {
  return permissionsOf(actor).includes(permission);
}

/** The teams that the caller looks after. */
export const teamsOf = ({ principal }: Actor): readonly NamedReference[] =>
  principal.kind === 'token' ? [] : principal.teams;

/**
 * The teams by which the caller is bounded where the permission is asked for; undefined for who holds it, and is not.
 */
export function boundingTeams(
  actor: Actor,
  permission: Permission,
): readonly NamedReference[] | undefined {
  return mayDo(actor, permission) ? undefined : teamsOf(actor);
}

/**
 * The role of tokens by whose bounds a caller changes policy. Who looks after the directory is bounded as a token that
 * syncs people is.
 */
export function boundingRole({ principal }: Actor): TokenRole | undefined {
  if (principal.kind === 'token') return principal.role;
  if (principal.roles.includes('admin')) return 'admin';
  return principal.roles.includes('directory') ? 'sync' : undefined;
}
