import { claimsOfProvider, scopesOfProvider } from '@ambit/contracts';
import type { Clock } from '@ambit/kernel';
import * as oidc from 'openid-client';
import type { UpstreamSignIn } from '../identities/public.ts';
import type { DiscoveredProviders } from './discovered-providers.ts';
import { upstreamSession } from './upstream-session.ts';
import { withAllGroups } from './left-out-groups.ts';
import { serverOf } from './known-provider.ts';
import type { KnownProvider } from './known-provider.ts';
import { providerFetch } from './provider-fetch.ts';
import { grantFailure, ProviderFailure, userinfoFailure } from './provider-failure.ts';
import { clientSecretOf } from './provider-secret.ts';
import type { SecretPlaces } from './provider-secret.ts';

/** What only the browser and central know of one sign-in at a provider. */
export interface SignInProofs {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE. */
  readonly verifier: string;
}

export interface RelyingPartyPorts {
  readonly discovered: DiscoveredProviders;
  readonly secrets: SecretPlaces;
  readonly clock: Clock;
  /** Where people reach central, without a path. */
  readonly publicUrl: string;
}

export interface UpstreamResult {
  readonly signIn: UpstreamSignIn;
  /** Why groups are missing. */
  readonly failure?: ProviderFailure;
}

const skewSeconds = 60;
const algorithms = ['ES256', 'RS256'];

/** Central as a client of the company's providers: authorization code with PKCE, state and nonce, each good for one sign-in. */
export class RelyingParty {
  readonly #ports: RelyingPartyPorts;

  constructor(ports: RelyingPartyPorts) {
    this.#ports = ports;
  }

  /** Where the browser goes to sign in. Throws `ProviderFailure`. */
  async authorizationUrl(provider: KnownProvider, proofs: SignInProofs): Promise<string> {
    const config = await this.#configOf(provider);
    const { state, nonce, verifier } = proofs;
    return oidc.buildAuthorizationUrl(config, {
      redirect_uri: this.#redirectUri(provider),
      scope: scopesOf(provider).join(' '),
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).href;
  }

  /**
   * What the provider says of the person, once everything of it is verified. `answer` is what the browser came back with. Throws
   * `ProviderFailure`, and `NotSignedIn` when the person did not sign in there.
   */
  async finish(
    provider: KnownProvider,
    answer: URLSearchParams,
    { state, nonce, verifier }: SignInProofs,
  ): Promise<UpstreamResult> {
    const config = await this.#configOf(provider);
    const back = new URL(this.#redirectUri(provider));
    back.search = String(answer);
    const tokens = await oidc
      .authorizationCodeGrant(config, back, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      })
      .catch((error: unknown) => {
        throw grantFailure(error);
      });
    const idToken = tokens.claims();
    if (idToken === undefined) throw new ProviderFailure('token', 'it gives no ID token');
    this.#requireOurs(idToken, provider.spec.clientId);
    const claims = await withUserinfo(config, provider, tokens.access_token, idToken);
    const all = await withAllGroups(claims, {
      provider,
      metadata: config.serverMetadata(),
      accessToken: tokens.access_token,
    });
    const { iss: issuer, sub: subject } = idToken;
    const session = upstreamSession(idToken['sid']);
    const signIn = {
      provider: provider.name,
      issuer,
      subject,
      claims: all.claims,
      ...(session === undefined ? {} : { session }),
    };
    return all.failure === undefined
      ? { signIn: { ...signIn, groupsComplete: true } }
      : { signIn: { ...signIn, groupsComplete: false }, failure: all.failure };
  }

  /** What the library leaves to its caller: whom the token was made for, and that it was made by now. */
  #requireOurs({ azp, iat }: oidc.IDToken, clientId: string): void {
    if (azp !== undefined && azp !== clientId)
      throw new ProviderFailure(
        'token',
        'its ID token is not good: "azp" is not what was expected',
      );
    if (iat > this.#ports.clock.now() / 1000 + skewSeconds) {
      const why = '"iat" is in the future: check the clocks';
      throw new ProviderFailure('token', `its ID token is not good: ${why}`);
    }
  }

  /**
   * Made anew for each request: with it go the keys that the library knows, so that keys which were rotated a moment ago are
   * read again.
   */
  async #configOf(provider: KnownProvider): Promise<oidc.Configuration> {
    const { spec } = provider;
    const metadata = await this.#ports.discovered.metadataOf(provider);
    const secret = await clientSecretOf(spec, this.#ports.secrets);
    const config = new oidc.Configuration(
      { ...metadata, id_token_signing_alg_values_supported: algorithms },
      spec.clientId,
      { [oidc.clockTolerance]: skewSeconds },
      authenticationFor(metadata, secret),
    );
    config[oidc.customFetch] = providerFetch(serverOf(spec));
    if (spec.internal === true) oidc.allowInsecureRequests(config);
    // In this flow the library trusts the connection alone, unless told to look at the signature too.
    oidc.enableNonRepudiationChecks(config);
    return config;
  }

  /** One for each provider, so that an answer of one is never taken for that of another. */
  #redirectUri({ name }: KnownProvider): string {
    return `${this.#ports.publicUrl}/sign-in/callback/${name}`;
  }
}

/** Who reads groups from Graph needs a token that is good there. */
function scopesOf({ spec }: KnownProvider): readonly string[] {
  const scopes = scopesOfProvider(spec);
  const reads = spec.entra?.overage === 'Graph' && !scopes.includes('User.Read');
  return reads ? [...scopes, 'User.Read'] : scopes;
}

/** In the header, unless the provider takes it in the form alone. */
function authenticationFor(
  { token_endpoint_auth_methods_supported: methods }: oidc.ServerMetadata,
  secret: string,
): oidc.ClientAuth {
  const inForm =
    methods?.includes('client_secret_post') === true && !methods.includes('client_secret_basic');
  return inForm ? oidc.ClientSecretPost(secret) : oidc.ClientSecretBasic(secret);
}

type Claims = Readonly<Record<string, unknown>>;

/** The token's own claims win; userinfo is asked for those that are not there. */
async function withUserinfo(
  config: oidc.Configuration,
  { spec }: KnownProvider,
  accessToken: string,
  idToken: oidc.IDToken,
): Promise<Claims> {
  const wanted = Object.values(claimsOfProvider(spec)) as string[];
  const isThere = (name: string): boolean => Object.hasOwn(idToken, name);
  const { userinfo_endpoint: endpoint } = config.serverMetadata();
  if (endpoint === undefined || wanted.every(isThere)) return idToken;
  try {
    return { ...(await oidc.fetchUserInfo(config, accessToken, idToken.sub)), ...idToken };
  } catch (error) {
    throw userinfoFailure(error);
  }
}
