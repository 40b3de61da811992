import { rolePermissions } from '@ambit/contracts';
import type { Permission, TokenRole } from '@ambit/contracts';
import type { AuditActor } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';

/** Who calls: the holder of an API token. */
export interface Actor {
  readonly tokenUid: string;
  /** The public part of the token. */
  readonly tokenId: string;
  readonly tokenName: string;
  readonly role: TokenRole;
  /** When the token ends by itself. */
  readonly expiresAt?: Millis;
}

/** The actor as audit events name it. */
export function auditActor(actor: Actor): AuditActor {
  return { kind: 'token', name: `token/${actor.tokenName}` };
}

/** True when the actor's role holds the permission. */
export function mayDo(actor: Actor, permission: Permission): boolean {
  return rolePermissions[actor.role].includes(permission);
}
