import { AppModule } from './app.module.ts';
import type { AuditTail } from './features/audit/public.ts';
import type { PolicyWorld } from './features/desired-state/public.ts';
import { scimHandler, scimPath } from './features/directories/public.ts';
import type { Foundation } from './foundation.ts';
import type { IssuerSide } from './issuer-side.ts';
import type { RawMount } from './platform/raw-mount.ts';
import { createRestServer } from './platform/rest-server.ts';
import { checkRoutes } from './platform/route-check.ts';
import type { Teardown } from './platform/teardown.ts';
import { openRestEdge } from './rest-edge.ts';
import type { RestEdge } from './rest-edge.ts';
import type { Trust } from './trust.ts';
import type { UseCasePorts, UseCases } from './use-cases.ts';
import { version } from './version.ts';

export interface AppSurroundings {
  readonly foundation: Foundation;
  readonly trust: Trust;
  readonly world: PolicyWorld;
  readonly tail: AuditTail;
  readonly joinFacts: UseCasePorts['joinFacts'];
  readonly issuerSide: IssuerSide;
  readonly teardown: Teardown;
}

/** The REST API with all that is served beside it on its port. It closes with `teardown`. */
export async function openApp(
  { foundation, trust, world, tail, joinFacts, issuerSide, teardown }: AppSurroundings,
  useCases: UseCases,
): Promise<{
  readonly app: Awaited<ReturnType<typeof createRestServer>>;
  readonly edge: RestEdge;
}> {
  const { runtime } = foundation;
  const { settings, ids, logger, meters } = runtime;
  const { installation } = trust;
  const { admission } = useCases;
  const edge = await openRestEdge(foundation, world, { admission, teardown });
  const serves = settings.roles.includes('api');
  const scim: RawMount = {
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    handle: scimHandler({
      directories: useCases.directories,
      world,
      logger,
      meters,
      identify: (request) => edge.guard.identify(request),
      publicUrl: () => issuerSide.publicUrl.get(),
      newRequestId: () => ids.uuid(),
    }),
  };
  const app = await createRestServer({
    mounts: serves ? { ...edge.signIn?.mounts, [scimPath]: scim } : {},
    guard: edge.guard,
    module: AppModule.of({
      runtime,
      world,
      tail,
      useCases,
      edge,
      systemFacts: {
        version,
        installationUid: installation.uid,
        stateEpoch: () => world.facts.stateEpoch,
        agentAddress: joinFacts.agentAddress,
        publicUrl: () => issuerSide.publicUrl.get(),
      },
    }),
    settings,
    version,
    logger,
    meters,
    newRequestId: () => ids.uuid(),
    documents: issuerSide.documents,
  });
  teardown.add('REST API', () => app.close());
  teardown.add('live audit', () => tail.close());
  teardown.add('calls that wait', () => useCases.clusters.wait.stop());
  checkRoutes(app);
  return { app, edge };
}
