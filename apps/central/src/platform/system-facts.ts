/** What this central says of itself. */
export interface SystemFacts {
  readonly version: string;
  readonly installationUid: string;
  readonly stateEpoch: number;
  agentAddress(): string;
}

export const systemFactsToken = Symbol('systemFacts');
