import { centralMetrics, createMeters, createRegistry, Readiness } from '@ambit/observability';
import { PolicyWriter, silentLogger } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document } from './central.test-support.ts';
import { loadPolicyWorld } from './features/desired-state/public.ts';
import { AdmitIdentity } from './features/identities/public.ts';
import type { AdmittedIdentity, UpstreamSignIn } from './features/identities/public.ts';
import { CommitPolicy } from './features/policy/public.ts';
import { beginSession } from './features/sessions/public.ts';

/** Sign-ins as the relying party hands them over once it has verified a token. */
export class TestSignIns {
  readonly policy: PolicyWriter;
  readonly admission: AdmitIdentity;
  readonly close: () => Promise<unknown>;

  private constructor(
    policy: PolicyWriter,
    admission: AdmitIdentity,
    close: () => Promise<unknown>,
  ) {
    this.policy = policy;
    this.admission = admission;
    this.close = close;
  }

  static async on({ database }: TestDatabase): Promise<TestSignIns> {
    const policy = new PolicyWriter(database);
    const meters = createMeters(createRegistry({ version: 'test' }), centralMetrics);
    const parts = { database, logger: silentLogger, unitOfWork: policy.unit, meters };
    const { world, feed } = await loadPolicyWorld({ ...parts, readiness: new Readiness([]) });
    const commit = new CommitPolicy(policy.unit, world, meters);
    const admission = new AdmitIdentity(commit, policy.unit, world);
    return new TestSignIns(policy, admission, () => feed.close());
  }

  admit(signIn: UpstreamSignIn): Promise<AdmittedIdentity> {
    return this.admission.admit(signIn, { address: '192.0.2.7' });
  }

  /** Signs in and begins a session, as the sign-in pages do. */
  async session(signIn: UpstreamSignIn): Promise<{ readonly token: string; readonly id: string }> {
    return this.sessionOf(await this.admit(signIn));
  }

  async sessionOf({
    person,
    identity,
  }: AdmittedIdentity): Promise<{ readonly token: string; readonly id: string }> {
    const actor = { kind: 'system', name: 'test' } as const;
    const { value } = await this.policy.unit.run({ actor }, (tx) =>
      beginSession(tx, {
        principal: { kind: 'User', ...person },
        signedInBy: 'corp',
        address: '192.0.2.7',
        identityUid: identity,
        ttlMs: 3_600_000,
      }),
    );
    return { token: value.text, id: value.id };
  }
}

/** A provider that speaks for a domain of its own, `NAME.example`, unless told. */
export const provider = (name: string, spec: object = {}): object =>
  document('IdentityProvider', name, {
    preset: 'oidc',
    issuer: issuerOf(name),
    clientId: 'ambit',
    clientSecret: { env: `IDP_${name.toUpperCase()}` },
    domains: [`${name}.example`],
    ...spec,
  });

const issuerOf = (name: string): string => `https://login.${name}.example`;

/** A person with a verified address whose account is called as they are. */
export const comingIn = (
  name: string,
  email: string,
  claims: object = {},
  more: Partial<UpstreamSignIn> = {},
): UpstreamSignIn => ({
  provider: name,
  issuer: issuerOf(name),
  subject: `sub-${email}`,
  claims: { email, email_verified: true, ...claims },
  groupsComplete: true,
  ...more,
});
