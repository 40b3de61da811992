import type { Millis } from '@ambit/kernel';
import type { IntentScope, RoleIntent, RoleReference, SubjectMode } from '../intents.ts';
import type { ObjectClass } from '../naming/object-identity.ts';
import type { IntentProblemReason } from './desired-object.ts';

/**
 * A binding intent and what became of it. There are tens of thousands: one object each, no maps, scopes and roles and
 * texts shared, and nothing kept of what the intent was decoded from.
 */
export interface Entry {
  readonly id: number;
  readonly key: string;
  scope: ScopeCell;
  role: RoleCell;
  subjectKind: SubjectMode;
  grantUid: string | undefined;
  notBefore: Millis | undefined;
  notAfter: Millis | undefined;
  /** Subjects as they came, sorted. */
  given: readonly string[];
  grants: readonly string[];
  /** Those of `given` that may be bound; the same list when none is left out. */
  subjects: readonly string[];
  /** Those of `given` that the ceiling refuses. */
  refused: readonly string[];
  /** Whether the clock lets it be in force. */
  active: boolean;
  /** Where it stands among the bindings; undefined when it gives nothing now. */
  family: BindingFamily | undefined;
}

/** One scope, shared by all intents that have it, and the namespaces it reaches now. */
export interface ScopeCell {
  readonly text: string;
  readonly scope: IntentScope;
  /** Holds the empty name alone when cluster-wide. */
  readonly reach: Set<string>;
  readonly entries: Set<Entry>;
}

/** A role that intents refer to, and under which name it may be bound. */
export interface RoleCell {
  readonly reference: RoleReference;
  intent: RoleIntent | undefined;
  /** Name of the ClusterRole to bind; undefined when it may not be or does not exist. */
  clusterRole: string | undefined;
  problem: { readonly reason: IntentProblemReason; readonly message: string } | undefined;
  /** Number of intents that refer to it. */
  users: number;
}

/** What bindings of one role and class have in common in whichever namespace. */
export interface BindingFamily {
  readonly clusterRole: string;
  readonly class: Exclude<ObjectClass, 'role'>;
  /** Grant of time-bound bindings; else empty. */
  readonly uid: string;
  users: number;
  /** Another family of the same uid. */
  next: BindingFamily | undefined;
}
