/** What this central says of itself. */
export interface SystemFacts {
  readonly version: string;
  readonly installationUid: string;
  stateEpoch(): number;
  readonly agentAddress: string;
  /** Where browsers and API servers reach it. */
  publicUrl(): string;
}

export const systemFactsToken = Symbol('systemFacts');
