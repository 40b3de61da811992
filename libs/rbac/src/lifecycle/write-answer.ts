import type { RbacObject } from '../model.ts';
import type { Write } from './taking-away.ts';

/** What became of one write. */
export type WriteOutcome =
  | WriteDone
  /** Somebody was faster: this is how it stands. */
  | { readonly type: 'lookAgain'; readonly object?: RbacObject }
  /** The role may not be narrowed. It gives nothing now; its bindings have to go, and then it. */
  | { readonly type: 'condemned'; readonly object: RbacObject }
  | WriteRetry
  | WriteRefused;

/** `object` as it stands now; absent when it is gone. */
export interface WriteDone {
  readonly type: 'done';
  readonly object?: RbacObject;
  readonly finalizersRemoved?: readonly string[];
}

/** It may go through later by itself. */
export interface WriteRetry {
  readonly type: 'retry';
  readonly reason: 'retrying' | 'role_missing';
  readonly message: string;
  readonly afterMs?: number;
  /** The API server asked for less. */
  readonly slowDown: boolean;
  /** No answer came, so it may have happened. */
  readonly uncertain: boolean;
}

/** It goes through only when something else changes. */
export interface WriteRefused {
  readonly type: 'refused';
  readonly reason: 'kubernetes_refused' | 'namespace_missing';
  readonly message: string;
}

/** A write with what became of it, as far as the life of its object goes. */
export interface AnsweredWrite {
  readonly operation: Write;
  readonly outcome: WriteOutcome;
  /** What of it does not stand though it was answered as done; undefined when all of it does. */
  readonly differs: string | undefined;
}
