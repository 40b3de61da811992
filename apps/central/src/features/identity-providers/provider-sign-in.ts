import { randomBytes } from 'node:crypto';
import { base32, defined, isAppError } from '@ambit/kernel';
import type { AppError, Logger } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import type { Sql } from '@ambit/persistence';
import type { AdmitIdentity, AdmittedIdentity, SignInOrigin } from '../identities/public.ts';
import type { BegunSignIns, UpstreamPurpose } from './begun-sign-ins.ts';
import type { FailedUpstream } from './failed-providers.ts';
import { findProvider, listProviders } from './known-provider.ts';
import type { KnownProvider } from './known-provider.ts';
import { NotSignedIn, ProviderFailure } from './provider-failure.ts';
import type { ProviderReason } from './provider-failure.ts';
import type { ProviderTestOutcome, ProviderTests } from './provider-tests.ts';
import type { UpstreamLogouts } from './upstream-logouts.ts';
import type { RelyingParty, SignInProofs, UpstreamResult } from './relying-party.ts';

export interface ProviderSignInPorts {
  readonly sql: Sql;
  readonly party: RelyingParty;
  readonly begun: BegunSignIns;
  readonly tests: ProviderTests;
  readonly admission: AdmitIdentity;
  readonly logouts: UpstreamLogouts;
  readonly failed: { note(failure: FailedUpstream): void };
  readonly meters: Pick<Meters<typeof centralMetrics>, 'logins' | 'idpErrors'>;
  readonly logger: Logger;
  /** Texts that nobody can know who knows `state`, the same at every replica. */
  readonly proofsOf: (state: string) => Pick<SignInProofs, 'nonce' | 'verifier'>;
}

/** As metrics tell it from a password. */
const flow = 'oidc';

/** What came of a sign-in at a provider. */
export type UpstreamAnswer =
  | { readonly kind: 'no provider' }
  | { readonly kind: 'go'; readonly url: string }
  | {
      readonly kind: 'in';
      readonly admitted: AdmittedIdentity;
      readonly provider: KnownProvider;
      /** Mark of the sign-in there. */
      readonly session?: string;
      readonly to?: string;
    }
  | {
      readonly kind: 'tested';
      readonly provider: KnownProvider;
      readonly outcome: ProviderTestOutcome;
    }
  /** Nobody waits for this answer: it was used, is too old, or belongs to another browser. */
  | { readonly kind: 'stale'; readonly provider: KnownProvider }
  /** The person is known, and may not come in. */
  | { readonly kind: 'not let in'; readonly provider: KnownProvider; readonly refusal: AppError }
  | { readonly kind: 'not signed in'; readonly provider: KnownProvider }
  | {
      readonly kind: 'failed';
      readonly provider: KnownProvider;
      readonly reason: ProviderReason;
      /** What the person tells who runs central. */
      readonly reference: string;
    };

export interface UpstreamVisit extends SignInOrigin {
  /** Name of the provider, as the path has it. */
  readonly name: string;
  /** Id of the browser. */
  readonly browser: string;
}

/** Sign-in of people at the company's providers, from the button to who they are. */
export class ProviderSignIn {
  readonly #ports: ProviderSignInPorts;

  constructor(ports: ProviderSignInPorts) {
    this.#ports = ports;
  }

  providers(): Promise<readonly KnownProvider[]> {
    return listProviders(this.#ports.sql);
  }

  find(name: string): Promise<KnownProvider | undefined> {
    return findProvider(this.#ports.sql, name);
  }

  get tests(): ProviderTests {
    return this.#ports.tests;
  }

  async begin(visit: UpstreamVisit, purpose: UpstreamPurpose): Promise<UpstreamAnswer> {
    const provider = await this.find(visit.name);
    if (provider === undefined) return { kind: 'no provider' };
    const { begun, party } = this.#ports;
    try {
      const state = await begun.begin(provider, visit.browser, purpose);
      const url = await party.authorizationUrl(provider, this.#proofs(state));
      return { kind: 'go', url };
    } catch (error) {
      return this.#endOf(error, provider, purpose);
    }
  }

  /** `answer`: what the browser came back with. */
  async finish(visit: UpstreamVisit, answer: URLSearchParams): Promise<UpstreamAnswer> {
    const provider = await this.find(visit.name);
    if (provider === undefined) return { kind: 'no provider' };
    const { begun, party } = this.#ports;
    const state = answer.get('state') ?? '';
    const purpose = await begun.take(provider, visit.browser, state);
    if (purpose === undefined) {
      const why = "no browser waits for this answer: it was used, is too old, or is another one's";
      this.#note(provider, { reason: 'state', why });
      return { kind: 'stale', provider };
    }
    try {
      const result = await party.finish(provider, answer, this.#proofs(state));
      if (result.failure !== undefined) this.#tell(provider, result.failure);
      return await this.#complete(provider, purpose, result, visit);
    } catch (error) {
      return this.#endOf(error, provider, purpose);
    }
  }

  /** What a provider says when a person signed out there. False when it is not to be believed, which is told. */
  async signOut(name: string, logoutToken: string): Promise<boolean> {
    const provider = await this.find(name);
    if (provider === undefined) return false;
    const why = await this.#ports.logouts.end(provider, logoutToken);
    if (why !== undefined) this.#note(provider, { reason: 'logout', why });
    return why === undefined;
  }

  async #complete(
    provider: KnownProvider,
    purpose: UpstreamPurpose,
    { signIn }: UpstreamResult,
    { address }: UpstreamVisit,
  ): Promise<UpstreamAnswer> {
    const { admission, tests, meters } = this.#ports;
    if (purpose.kind === 'test') {
      const outcome = { preview: await admission.preview(signIn) };
      await tests.finish(purpose.id, outcome);
      return { kind: 'tested', provider, outcome };
    }
    const admitted = await admission.admit(signIn, { address });
    meters.logins.inc({ provider: provider.name, flow, result: 'ok' });
    const { to } = purpose;
    const { session } = signIn;
    return { kind: 'in', admitted, provider, ...defined({ to, session }) };
  }

  /** What nobody foresaw is thrown on. */
  async #endOf(
    error: unknown,
    provider: KnownProvider,
    purpose: UpstreamPurpose,
  ): Promise<UpstreamAnswer> {
    const { tests, meters } = this.#ports;
    const known = error instanceof ProviderFailure || error instanceof NotSignedIn;
    if (!known && !isAppError(error, 'identity_refused')) throw error;
    const reference = error instanceof ProviderFailure ? this.#tell(provider, error) : '';
    if (purpose.kind === 'test') {
      const outcome = { why: error.message };
      await tests.finish(purpose.id, outcome);
      return { kind: 'tested', provider, outcome };
    }
    const result = isAppError(error) ? 'refused' : 'failed';
    meters.logins.inc({ provider: provider.name, flow, result });
    if (isAppError(error)) return { kind: 'not let in', provider, refusal: error };
    if (!(error instanceof ProviderFailure)) return { kind: 'not signed in', provider };
    return { kind: 'failed', provider, reason: error.reason, reference };
  }

  /** Gives what the person tells who runs central, who finds it in the log. */
  #tell(provider: KnownProvider, { reason, message: why }: ProviderFailure): string {
    const reference = base32(randomBytes(8), 10);
    this.#ports.logger.warn('signing in with a provider failed', {
      provider: provider.name,
      reason,
      why,
      reference,
    });
    this.#note(provider, { reason, why, reference });
    return reference;
  }

  #note({ name }: KnownProvider, failure: Omit<FailedUpstream, 'provider'>): void {
    this.#ports.meters.idpErrors.inc({ provider: name, reason: failure.reason });
    this.#ports.failed.note({ provider: name, ...failure });
  }

  #proofs(state: string): SignInProofs {
    return { state, ...this.#ports.proofsOf(state) };
  }
}
