/** What this central says of itself. */
export interface SystemFacts {
  readonly version: string;
  readonly installationUid: string;
  stateEpoch(): number;
  readonly agentAddress: string;
}

export const systemFactsToken = Symbol('systemFacts');
