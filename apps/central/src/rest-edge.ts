import { trustedProxies } from './config.ts';
import type { PolicyWorld } from './features/desired-state/public.ts';
import type { AdmitIdentity } from './features/identities/public.ts';
import { FailedUpstreams } from './features/identity-providers/public.ts';
import { ExchangeToken, OutsideKeys, RefusedExchanges } from './features/services/public.ts';
import { accessTokenCredentials, sessionCredentials } from './features/sessions/public.ts';
import { apiTokenCredentials } from './features/tokens/public.ts';
import type { Foundation } from './foundation.ts';
import { AuthGuard } from './platform/auth.guard.ts';
import { BearerAuthenticator } from './platform/bearer-authenticator.ts';
import { clientAddress } from './platform/client-address.ts';
import type { ClientAddress } from './platform/client-address.ts';
import { CredentialWatch } from './platform/credential-watch.ts';
import type { FailureLimiter } from './platform/failure-limiter.ts';
import { openFailureLimiter } from './platform/failure-limits.ts';
import { LifetimeInterceptor } from './platform/lifetime.interceptor.ts';
import { RevocationWatch } from './platform/revocation-watch.ts';
import type { Runtime } from './platform/runtime.ts';
import { SignInFailures } from './platform/sign-in-failures.ts';
import type { Teardown } from './platform/teardown.ts';
import { WaitingCalls } from './platform/waiting-calls.ts';
import { prepareSignIn } from './sign-in-mounts.ts';
import type { SignInMounts } from './sign-in-mounts.ts';

/** Who is let in to the REST API, and for how long. */
export interface RestEdge {
  readonly guard: AuthGuard;
  readonly lifetime: LifetimeInterceptor;
  /** What both are made of, for who is let in beside the REST API. */
  readonly credentials: CredentialWatch;
  readonly waiting: WaitingCalls;
  readonly addressOf: ClientAddress;
  readonly exchange: ExchangeToken;
  /** Where people sign in; nowhere in a process that serves no API. */
  readonly signIn: SignInMounts | undefined;
}

export interface EdgeSurroundings {
  /** Lets in whom providers name. */
  readonly admission: AdmitIdentity;
  readonly teardown: Teardown;
}

/**
 * Builds the edge of the REST API. Throws what `openSignInKey` throws.
 */
export async function openRestEdge(
  foundation: Foundation,
  world: PolicyWorld,
  { admission, teardown }: EdgeSurroundings,
): Promise<RestEdge> {
  const { runtime, store } = foundation;
  const { settings, database, clock, logger, meters } = runtime;
  const failures = openFailureLimiter(store, clock, logger);
  teardown.add('sign-in limits', () => failures.close());
  const signIns = new SignInFailures(runtime);
  signIns.start();
  teardown.add('failed sign-ins', () => signIns.stop());
  const authenticator = new BearerAuthenticator({
    sources: {
      ApiToken: apiTokenCredentials(database.prepared, clock),
      Session: sessionCredentials(database.prepared, clock),
      AccessToken: accessTokenCredentials(database.prepared, clock),
    },
    failures: failures.limiter,
    signIns,
    clock,
    logger,
  });
  const revocations = new RevocationWatch(world, 'ApiToken', 'Session');
  const credentials = new CredentialWatch(authenticator, revocations, { clock, logger });
  const waiting = new WaitingCalls(settings, (total) => meters.waitingCalls.set(total));
  const addressOf = clientAddress(trustedProxies(settings));
  const providers = { failed: upstreams(runtime, teardown), admission };
  const serves = settings.roles.includes('api');
  return {
    guard: new AuthGuard(authenticator, addressOf),
    lifetime: new LifetimeInterceptor(credentials, waiting),
    credentials,
    waiting,
    addressOf,
    exchange: openExchange(runtime, failures.limiter, teardown),
    signIn: serves ? await prepareSignIn(foundation, addressOf, providers) : undefined,
  };
}

function upstreams(runtime: Runtime, teardown: Teardown): FailedUpstreams {
  const failed = new FailedUpstreams(runtime);
  failed.start();
  teardown.add('failed sign-ins at providers', () => failed.stop());
  return failed;
}

function openExchange(
  runtime: Runtime,
  failures: FailureLimiter,
  teardown: Teardown,
): ExchangeToken {
  const { unitOfWork, database, clock, meters } = runtime;
  const refused = new RefusedExchanges(runtime);
  refused.start();
  teardown.add('refused exchanges', () => refused.stop());
  const keys = new OutsideKeys(clock);
  return new ExchangeToken({
    unitOfWork,
    sql: database.prepared,
    clock,
    keys,
    failures,
    refused,
    meters,
  });
}
