/** Injection tokens of what the agent gateway gives to this slice. */
export const joinFactsToken = Symbol('joinFacts');
export const appliedEventsToken = Symbol('appliedEvents');
