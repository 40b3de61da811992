import type { Millis } from '@ambit/kernel';

/** Tells which clusters have an agent with a stream. */
export interface Connections {
  /** A stream to this replica. */
  connected(clusterUid: string): boolean;
  /** When the agent of a stream to this replica last said something. */
  lastHeard(clusterUid: string): Millis | undefined;
  /** Those of these clusters that have a stream to any replica. */
  among(clusterUids: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Injection token of `Connections`; the agent gateway provides it. */
export const connectionsToken = Symbol('connections');
