import { accessUseCases } from './features/access/public.ts';
import type { AccessUseCases } from './features/access/public.ts';
import type { GatewayParts } from './features/agent-gateway/public.ts';
import { clusterUseCases } from './features/clusters/public.ts';
import type { ClusterUseCases, JoinFacts } from './features/clusters/public.ts';
import type { PolicyWorld } from './features/desired-state/public.ts';
import { GroupMembership } from './features/people/public.ts';
import { policyUseCases } from './features/policy/public.ts';
import type { PolicyUseCases } from './features/policy/public.ts';
import { ManageSessions } from './features/sessions/public.ts';
import { ManageTokens } from './features/tokens/public.ts';
import type { Runtime } from './platform/runtime.ts';
import { policyKinds } from './policy-kinds.ts';

export interface UseCasePorts {
  readonly runtime: Runtime;
  readonly world: PolicyWorld;
  readonly gateway: GatewayParts;
  readonly joinFacts: JoinFacts;
}

/** Everything that central can be asked to do, whichever way it is asked. */
export interface UseCases {
  readonly policy: PolicyUseCases;
  readonly clusters: ClusterUseCases;
  readonly access: AccessUseCases;
  readonly membership: GroupMembership;
  readonly sessions: ManageSessions;
  readonly tokens: ManageTokens;
}

/** Builds the use cases of central from what they stand on. */
export function centralUseCases({ runtime, world, gateway, joinFacts }: UseCasePorts): UseCases {
  const { unitOfWork, database, clock, meters } = runtime;
  const ports = { unitOfWork, database, clock, meters, world, ...gateway, joinFacts };
  const policy = policyUseCases(policyKinds, ports);
  const { commit } = policy;
  return {
    policy,
    clusters: clusterUseCases({ ...ports, commit }),
    access: accessUseCases({ ...ports, commit }),
    membership: new GroupMembership(world, commit, gateway.connections),
    sessions: new ManageSessions(unitOfWork, database, clock),
    tokens: new ManageTokens(unitOfWork, database, clock),
  };
}
