import type { Millis } from '@ambit/kernel';
import type { ForeignObject, Lane } from '../diff/operation.ts';
import type { Write } from './taking-away.ts';
import type { AnsweredWrite } from './write-answer.ts';

/**
 * `agreeing`: it stands as wanted. `idle`: it does not, and nothing may be done yet. `due`: it is in a lane. `busy`: a
 * request about it is in flight. `waiting`: for a timer, a change, or a cause. `foreign`: somebody else's object stands
 * there. `onHold`: something else has to go first.
 */
export type LifeState = 'agreeing' | 'idle' | 'due' | 'busy' | 'waiting' | 'foreign' | 'onHold';

/** What a wait keeps from being done: what gives access, or everything. */
export type Blocked = 'giving' | 'all';

/**
 * Why it waits. `retry`: it may go through by itself. `role`: its role is not there. `refused`: the cause lies outside.
 * `contended`: somebody changes what is written. `looking`: it could not be looked at, or is looked at now and then.
 */
export type WaitReason = 'retry' | 'role' | 'refused' | 'contended' | 'looking';

export interface Wait {
  readonly why: WaitReason;
  readonly since: Millis;
  readonly until: Millis;
  readonly blocks: Blocked;
}

/** What has to be remembered of one object between two events, beyond how it stands. */
export interface ObjectLife {
  readonly state: LifeState;
  /** No list or watch shows it though we wrote it. `suspect`: somebody must have done that just now. */
  readonly missing: 'no' | 'unseen' | 'suspect';
  readonly wait: Wait | undefined;
  /** Attempts in a row that failed, or looks at somebody else's object. */
  readonly failures: number;
  /** Times in a row that somebody was faster. */
  readonly conflicts: number;
  /** Writes in a row that were answered with something else than was written. */
  readonly unheld: number;
  /** When others changed it and it was put right, the last ones. */
  readonly repairs: readonly Millis[];
  /** Who last changed it, by the API server's record. */
  readonly changedBy: string;
  /** Somebody changed it, and it is being put right. */
  readonly drifted: boolean;
  /** What the trail was told in this state, so that it is told once: by subject of the telling, its text. */
  readonly told: Readonly<Partial<Record<'contended' | 'foreign' | 'refused', string>>>;
}

/** The life of nearly every object: as wanted, nothing to remember. Whoever keeps lives need not keep this one. */
export const atRest: ObjectLife = {
  state: 'agreeing',
  missing: 'no',
  wait: undefined,
  failures: 0,
  conflicts: 0,
  unheld: 0,
  repairs: [],
  changedBy: '',
  drifted: false,
  told: {},
};

/** How an object compares with what is wanted. */
export type Verdict =
  | { readonly type: 'agrees'; readonly wanted: boolean }
  /** It is as wanted and proven ours. */
  | { readonly type: 'adopt'; readonly uid: string }
  /** Nothing may be done about it yet. */
  | { readonly type: 'quiet' }
  | { readonly type: 'onHold' }
  | {
      readonly type: 'foreign';
      readonly object: ForeignObject;
      /** A watch tells when it changes or goes; else it has to be looked at now and then. */
      readonly watched: boolean;
      /** What of it the trail tells: another text is told anew. */
      readonly about: string;
    }
  | {
      readonly type: 'write';
      readonly operation: Write;
      /** As much of it as takes access away. */
      readonly taking: Write | undefined;
    };

export type LifeEvent =
  /** It is compared; nothing about it changed as far as we know. */
  | { readonly type: 'look'; readonly verdict: Verdict }
  /** What is wanted of it changed: earlier failures say nothing any more. */
  | { readonly type: 'wanted'; readonly verdict: Verdict }
  /** Somebody asks to try everything now. */
  | { readonly type: 'hurry'; readonly verdict: Verdict }
  /** Something outside changed that may be why it was refused or changed. */
  | { readonly type: 'cause'; readonly verdict: Verdict; readonly why: readonly WaitReason[] }
  /** It stood as wanted and does not any more: somebody changed it. */
  | { readonly type: 'changed'; readonly verdict: Verdict; readonly by: string | undefined }
  /** No watch shows it any more. `suspect`: it stood as wanted a moment ago. */
  | { readonly type: 'missed'; readonly verdict: Verdict; readonly suspect: boolean }
  /** Its lane lets it go. */
  | { readonly type: 'turn'; readonly verdict: Verdict }
  /** It was looked at; the verdict is by what was found. */
  | {
      readonly type: 'found';
      readonly verdict: Verdict;
      readonly what: 'changed' | 'deleted';
      readonly by: string | undefined;
    }
  | { readonly type: 'notFoundOut'; readonly message: string; readonly removal: boolean }
  | { readonly type: 'answered'; readonly write: AnsweredWrite }
  | { readonly type: 'timer'; readonly verdict: Verdict };

export interface LifeProblem {
  readonly reason:
    | 'retrying'
    | 'role_missing'
    | 'kubernetes_refused'
    | 'namespace_missing'
    | 'contended'
    | 'foreign_object';
  readonly message: string;
  /** Nobody waits for it any more. */
  readonly terminal: boolean;
  readonly changedBy?: string;
}

export type LifeTelling =
  | { readonly type: 'drifted'; readonly what: 'changed' | 'deleted' }
  | { readonly type: 'corrected'; readonly wanted: boolean }
  | { readonly type: 'contended'; readonly changedBy: string; readonly message: string }
  | { readonly type: 'foreign'; readonly object: ForeignObject }
  | { readonly type: 'removalRefused'; readonly message: string };

/** What has to be done; all but `send` and `lookFor` at once, in order. */
export type LifeEffect =
  | { readonly type: 'enqueue'; readonly lane: Lane }
  | { readonly type: 'leaveLane' }
  /** Answer to a turn: the request to make. */
  | { readonly type: 'send'; readonly operation: Write }
  /** Answer to a turn: look how it stands. */
  | { readonly type: 'lookFor'; readonly removal: boolean }
  /** The one timer of this object, in place of any before. */
  | { readonly type: 'wait'; readonly ms: Millis }
  | { readonly type: 'wake' }
  | { readonly type: 'noteOurs'; readonly uid: string }
  /** It is as it should be. */
  | { readonly type: 'settled' }
  /** Somebody else's object that no watch shows and nobody wants the place of: it need not be known. */
  | { readonly type: 'forgetStranger' }
  | { readonly type: 'report'; readonly problem: LifeProblem }
  | { readonly type: 'tell'; readonly telling: LifeTelling };

/** When an event came, and a number in [0, 1) for the waits that it causes. */
export interface Moment {
  readonly at: Millis;
  readonly chance: number;
}

export interface LifeStep {
  readonly life: ObjectLife;
  readonly effects: readonly LifeEffect[];
}
