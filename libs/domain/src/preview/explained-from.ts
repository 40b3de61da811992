/** Revisions at which what clusters should hold changed although nobody changed the policy. */
export interface UnexplainedJumps {
  /** Revision a new compiler gave the policy; 0 when there never was one. */
  readonly compilerChangedAt: number;
  /** First revision after the last raise of the state epoch; 0 when it was never raised. */
  readonly epochRaisedAt: number;
}

/**
 * What a manifest says as `explained_from`: from this revision on, every difference comes from a commit that passed
 * the removal guard. An agent that holds a lower revision keeps large removals for its owner to release; one that
 * holds this or a higher one applies them, however long it was away.
 */
export function explainedFrom({ compilerChangedAt, epochRaisedAt }: UnexplainedJumps): number {
  return Math.max(compilerChangedAt, epochRaisedAt, 0);
}
