import type { Millis } from '@ambit/kernel';
import type { RbacObject } from '../model.ts';
import type { ObjectKey } from '../naming/object-key.ts';

/** One object as it should stand in the cluster. */
export interface DesiredObject {
  readonly key: ObjectKey;
  /** Without uid, resourceVersion and the annotation `ambit.dev/revision`, which whoever writes it adds. */
  readonly body: RbacObject;
  /** Value of the annotation `ambit.dev/identity`. */
  readonly identity: string;
  /** When the object as a whole ends. */
  readonly notAfter?: Millis;
  /** Keys of the intents it stands for, sorted. */
  readonly intents: readonly string[];
  /** Names of the grants behind it, sorted. */
  readonly grants: readonly string[];
  /** True in a namespace under deletion: what is there is kept and narrowed, nothing is made. */
  readonly createHeld: boolean;
}

export type IntentProblemReason =
  'ceiling_refused' | 'not_yet_active' | 'namespace_missing' | 'role_missing';

/** Why an intent is not, or not wholly, in force. */
export interface IntentProblem {
  readonly key: string;
  readonly reason: IntentProblemReason;
  readonly message: string;
  readonly namespace?: string;
}

/** A namespace as the agent sees it. */
export interface NamespaceState {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `Active` or `Terminating`. */
  readonly phase: string;
}

/** Takes a subject out of an entry. Empty key: out of all entries. Empty subject: all subjects. */
export interface Mask {
  readonly key: string;
  readonly subject: string;
}
