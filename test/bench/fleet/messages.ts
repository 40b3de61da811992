import type { wire } from '@ambit/protocol';

/** One agent of the fleet, as it is after its enrolment. */
export interface AgentFacts {
  readonly clusterUid: string;
  readonly kubeSystemUid: string;
  /** PEM. */
  readonly certificate: string;
}

/** What all agents of a fleet have in common. */
export interface FleetFacts {
  readonly address: string;
  /** PEM. */
  readonly ca: string;
  readonly privateKey: string;
  readonly installationUid: string;
  readonly stateEpoch: number;
  readonly stateKeys: readonly wire.TrustedKey[];
  readonly epochKeys: readonly wire.TrustedKey[];
  /** Speak to a bare gRPC server instead: one message there and one back. */
  readonly bare: boolean;
  /** Messages are encoded again to know their size: not while time is measured. */
  readonly countBytes: boolean;
}

/** To a process of agents. */
export type ToAgents =
  | { readonly do: 'hold'; readonly fleet: FleetFacts; readonly agents: readonly AgentFacts[] }
  /** Agents without a stream dial, at most `inFlight` at once, until so many have one. */
  | { readonly do: 'dial'; readonly inFlight: number; readonly agents: number }
  | { readonly do: 'reset' }
  | { readonly do: 'end' };

/** From a process of agents: where its agents are. Times are milliseconds since 1970. */
export interface FleetProgress {
  readonly connected: number;
  /** Of each revision (or broadcast): agents that acknowledged it, and when the last one did. */
  readonly accepted: Readonly<Record<number, { readonly agents: number; readonly at: number }>>;
  /** Agents whose stream ended since the last reset. */
  readonly cut: number;
  readonly bytes: number;
  readonly entries: number;
  readonly heard: Readonly<Record<string, number>>;
}

/** To and from the bare server. */
export type ToBareServer = {
  readonly do: 'broadcast';
  readonly number: number;
  readonly bytes: number;
};
export interface BareProgress {
  readonly port?: number;
  readonly acknowledged?: number;
}

export const now = (): number => performance.timeOrigin + performance.now();
