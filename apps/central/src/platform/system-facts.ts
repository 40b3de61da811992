/** What this central says of itself. */
export interface SystemFacts {
  readonly version: string;
  readonly installationUid: string;
  stateEpoch(): number;
  agentAddress(): string;
}

export const systemFactsToken = Symbol('systemFacts');
