import { SignInRecordStore } from '@ambit/persistence';
import { accessUseCases } from './features/access/public.ts';
import type { AccessUseCases } from './features/access/public.ts';
import type { GatewayParts } from './features/agent-gateway/public.ts';
import { clusterUseCases } from './features/clusters/public.ts';
import type { ClusterUseCases, JoinFacts } from './features/clusters/public.ts';
import { IssueCredential, OwnClusters, RefusedCredentials } from './features/credentials/public.ts';
import type { CredentialUseCases } from './features/credentials/public.ts';
import type { PolicyWorld } from './features/desired-state/public.ts';
import { directoryUseCases } from './features/directories/public.ts';
import type { DirectoryUseCases } from './features/directories/public.ts';
import { AdmitIdentity, ManageIdentities } from './features/identities/public.ts';
import { ProviderTests } from './features/identity-providers/public.ts';
import type { TokenIssuer } from './features/issuer/public.ts';
import { GroupMembership } from './features/people/public.ts';
import { policyUseCases } from './features/policy/public.ts';
import type { PolicyUseCases } from './features/policy/public.ts';
import { ServiceTokens } from './features/services/public.ts';
import { ManageSessions } from './features/sessions/public.ts';
import { ManageTokens } from './features/tokens/public.ts';
import type { PublicUrl } from './platform/public-url.ts';
import type { Runtime } from './platform/runtime.ts';
import type { Teardown } from './platform/teardown.ts';
import { policyKinds } from './policy-kinds.ts';

export interface UseCasePorts {
  readonly runtime: Runtime;
  readonly world: PolicyWorld;
  readonly gateway: GatewayParts;
  readonly joinFacts: JoinFacts;
  readonly issuer: TokenIssuer;
  readonly publicUrl: PublicUrl;
  readonly teardown: Teardown;
}

/** Everything that central can be asked to do, whichever way it is asked. */
export interface UseCases {
  readonly policy: PolicyUseCases;
  readonly clusters: ClusterUseCases;
  readonly access: AccessUseCases;
  readonly membership: GroupMembership;
  readonly sessions: ManageSessions;
  readonly directories: DirectoryUseCases;
  readonly admission: AdmitIdentity;
  readonly identities: ManageIdentities;
  readonly credentials: CredentialUseCases;
  readonly tokens: ManageTokens;
  readonly serviceTokens: ServiceTokens;
  readonly providerTests: ProviderTests;
}

/** Builds the use cases of central from what they stand on. */
export function centralUseCases(given: UseCasePorts): UseCases {
  const { runtime, world, gateway, joinFacts, issuer, publicUrl } = given;
  const { unitOfWork, database, clock, meters } = runtime;
  const ports = { unitOfWork, database, clock, meters, world, ...gateway, joinFacts };
  const policy = policyUseCases(policyKinds, ports);
  const { commit } = policy;
  const access = accessUseCases({ ...ports, commit });
  return {
    policy,
    clusters: clusterUseCases({ ...ports, commit }),
    access,
    membership: new GroupMembership(world, {
      commit,
      connections: gateway.connections,
      sql: database,
    }),
    directories: directoryUseCases(commit, given),
    admission: new AdmitIdentity(commit, unitOfWork, world),
    identities: new ManageIdentities(commit, database, unitOfWork),
    sessions: new ManageSessions(unitOfWork, database, clock),
    credentials: {
      issue: new IssueCredential({
        ...runtime,
        world,
        issuer,
        agents: gateway.agents,
        refused: toldRefusals(given),
      }),
      clusters: new OwnClusters(world, access.evidence, clock),
    },
    tokens: new ManageTokens(unitOfWork, database, clock),
    serviceTokens: new ServiceTokens(unitOfWork, database, clock),
    providerTests: new ProviderTests({
      sql: database,
      records: new SignInRecordStore(database),
      unitOfWork,
      clock,
      publicUrl: () => publicUrl.get(),
    }),
  };
}

function toldRefusals({ runtime, teardown }: UseCasePorts): RefusedCredentials {
  const refused = new RefusedCredentials(runtime);
  refused.start();
  teardown.add('refused credentials', () => refused.stop());
  return refused;
}
