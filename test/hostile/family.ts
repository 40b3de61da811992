/** What a family of attacks may cost: `smoke` is what CI runs, `full` what a person runs before a release. */
export type Scale = 'smoke' | 'full';

/** One attack that got what it wanted, with all that is needed to repeat it. */
export interface Escape {
  readonly attack: string;
  readonly got: string;
}

export interface FamilyResult {
  readonly attacks: number;
  readonly escapes: readonly Escape[];
  /** Lines that are printed below the counts: figures, seeds, what was skipped and why. */
  readonly notes: readonly string[];
}

/** One kind of attacker against real parts: programs as processes, a real API server, a real database. */
export interface HostileFamily {
  /** Its smoke set takes minutes, or has failed for a reason that nobody found yet: it is made only when it is named. */
  readonly takesLong?: true;
  readonly says: string;
  /** `attack`: only those whose names hold this text, where attacks have names. */
  run(scale: Scale, seed: number, attack: string): Promise<FamilyResult>;
}
