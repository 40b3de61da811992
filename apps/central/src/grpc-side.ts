import { accessService } from './features/access/public.ts';
import type { PolicyWorld } from './features/desired-state/public.ts';
import { directoryService } from './features/directories/public.ts';
import { policyService } from './features/policy/public.ts';
import { openApiServer } from './platform/grpc-api/api-server.ts';
import type { Runtime } from './platform/runtime.ts';
import type { Teardown } from './platform/teardown.ts';
import type { RestEdge } from './rest-edge.ts';
import type { UseCases } from './use-cases.ts';

export interface GrpcSurroundings {
  readonly runtime: Runtime;
  readonly world: PolicyWorld;
  readonly useCases: UseCases;
  /** Who is let in, and for how long: the same as at the REST API. */
  readonly edge: RestEdge;
  readonly teardown: Teardown;
}

const graceMs = 5_000;

/** Opens the gRPC API where a setting names its address, and gives HOST:PORT. Throws what `openApiServer` throws. */
export async function openGrpcSide({
  runtime,
  world,
  useCases,
  edge,
  teardown,
}: GrpcSurroundings): Promise<string | undefined> {
  const { settings, ids, logger, meters, readiness } = runtime;
  const { grpcListen } = settings;
  if (grpcListen === undefined) return undefined;
  const { access, credentials, directories, policy } = useCases;
  const server = await openApiServer(
    { ...settings, grpcListen },
    {
      ...edge,
      logger,
      meters,
      readiness,
      newRequestId: () => ids.uuid(),
      handlers: {
        AccessService: accessService({
          answers: access.answer,
          effective: access.effective,
          explain: access.explain,
          world,
          heldBy: (principal) =>
            credentials.clusters.list({ principal: { ...principal, roles: [], teams: [] } }),
        }),
        DirectoryService: directoryService({ directories, world }),
        PolicyService: policyService(policy),
      },
    },
  );
  teardown.add('gRPC API', () => server.close(graceMs));
  return server.address;
}
