/** What happened, once, for people and programs. The same shape from central, agents and jobs. */

/** What central alone tells. From an agent none of these is believed. */
export const centralEventTypes = [
  // Objects of kinds without types of their own; `object.kind` says which.
  'policy.created',
  'policy.updated',
  'policy.deleted',
  'user.created',
  'user.updated',
  'user.deactivated',
  'user.activated',
  'user.deleted',
  'group.created',
  'group.updated',
  'group.member_added',
  'group.member_removed',
  'group.deleted',
  'role.created',
  'role.updated',
  'role.deleted',
  'grant.created',
  'grant.updated',
  'grant.deleted',
  'grant.ended',
  'grant.hours_laid',
  'cluster.added',
  'cluster.updated',
  'cluster.removed',
  'cluster.connected',
  'cluster.disconnected',
  'cluster.state_refused',
  'cluster.unmanaged_found',
  'cluster.removals_released',
  'cluster.gains_released',
  'join_token.created',
  'join_token.refused',
  'join_token.revoked',
  'agent.enrolled',
  'agent.revoked',
  'agent.certificate_renewed',
  'agent.duplicate',
  'agent.fenced',
  'agent.superseded_certificate',
  'installation.keys_changed',
  'token.created',
  'token.revoked',
  'service_token.created',
  'service_token.revoked',
  'service_token.expiring',
  'session.started',
  'session.ended',
  'credential.issued',
  'credential.refused',
  'issuer.keys_changed',
  'login.failed',
  'identity.linked',
  'identity.unlinked',
  'directory.guard_tripped',
  'directory.resumed',
  'identity_provider.failed',
  'identity_provider.tested',
  'exchange.refused',
  'login.set_up_offered',
  'login.set_up',
  'audit.gap',
  'audit.chain_broken',
  'audit.event_refused',
  'audit.unstorable',
  'audit.retention',
  'installation.started',
  'installation.compiler_changed',
  'installation.epoch_raised',
  'installation.restored',
  'installation.state_ahead',
] as const;

/** What agents tell, and nobody else. */
export const agentEventTypes = [
  'agent.trust_changed',
  'agent.trust_refused',
  'agent.started',
  'agent.stopped',
  'agent.state_refused',
  'agent.removals_released',
  'cluster.removals_held',
  'binding.created',
  'binding.updated',
  'binding.deleted',
  'role_object.created',
  'role_object.updated',
  'role_object.deleted',
  'grant.enforced_end',
  'drift.detected',
  'drift.corrected',
  'drift.contended',
  'ceiling.changed',
  'ceiling.refused',
  'object.foreign',
  'object.finalizer_removed',
  'object.write_unconfirmed',
  'object.removal_refused',
  'clock.uncertain',
  'clock.agreed',
  'clock.refused_time',
  'clock.mark_healed',
  'cluster.gains_held',
  'agent.gains_released',
  'state.epoch_taken',
  'state.equivocation',
  'credential.requested',
  'credential.made',
  'credential.declined',
  'access_account.created',
  'access_account.deleted',
  'namespace.created',
  'namespace.updated',
  'namespace.released',
  'namespace_object.created',
  'namespace_object.updated',
  'namespace_object.deleted',
] as const;

/** How central stores what a newer agent tells with a type that central does not know; `details.observedType` has it. */
export const unknownAgentEventType = 'agent.reported';

export const auditEventTypes = [
  ...centralEventTypes,
  ...agentEventTypes,
  unknownAgentEventType,
] as const;

export type CentralEventType = (typeof centralEventTypes)[number];
export type AgentEventType = (typeof agentEventTypes)[number];
export type AuditEventType = (typeof auditEventTypes)[number];

/** What of an event of an agent central found implausible. It was stored, with what was claimed among the details. */
export const suspicions = ['actor', 'cluster', 'time', 'revision', 'chain'] as const;
export type Suspicion = (typeof suspicions)[number];

export interface AuditActor {
  /** `token`: an API token, by name. `user`, `service`: a person or a program that came in. `agent`: the agent of a cluster. `system`: a job of ours. `kubernetes`: somebody in the cluster. */
  readonly kind: 'token' | 'user' | 'service' | 'agent' | 'system' | 'kubernetes' | 'anonymous';
  /** `token/NAME`, `user/NAME`, `service/NAME`, `agent/CLUSTER`, `system/JOB` or the name Kubernetes gives. */
  readonly name: string;
  /** Id of the session, of a person or a program. */
  readonly session?: string;
}

export interface AuditObject {
  readonly kind: string;
  readonly name: string;
  readonly uid?: string;
  readonly namespace?: string;
}

export interface AuditEvent {
  /** UUIDv7; of what an agent tells a UUIDv8, made by central from the place of the event in the agent's spool. */
  readonly id: string;
  /** RFC 3339, UTC, with milliseconds. Of an agent's event the agent's clock, or when it came where that cannot be. */
  readonly time: string;
  readonly type: AuditEventType;
  readonly actor: AuditActor;
  /** One sentence for people; no secret. */
  readonly message: string;
  /** Name of the cluster. */
  readonly cluster?: string;
  readonly object?: AuditObject;
  /** Kubernetes user names, or names of users, that gain or lose by it; at most 32. */
  readonly subjects?: readonly string[];
  /** Names of the grants behind it. */
  readonly grants?: readonly string[];
  /** Policy revision it belongs to. */
  readonly revision?: number;
  readonly result?: { readonly code: string; readonly message?: string };
  readonly requestId?: string;
  /** Small facts of the type, all safe to show. */
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** `central` or `agent/CLUSTER`: whose word it is. Set where the event is stored. */
  readonly reportedBy?: string;
  readonly suspect?: readonly Suspicion[];
}
