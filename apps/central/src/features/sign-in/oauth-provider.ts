import Provider from 'oidc-provider';
import type { ClientMetadata, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { findActiveUser, findSessions } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import type { Clock } from '@ambit/kernel';
import { makeBearerToken } from '@ambit/transport';
import type { ClientAddress } from '../../platform/client-address.ts';
import { refusalOf } from '../sessions/public.ts';
import { oauthPath, programName, sessionCookieName, sessionSeconds } from './oauth-facts.ts';
import { OAuthAdapter } from './oauth-adapter.ts';
import type { AdapterPorts } from './oauth-adapter.ts';
import type { SignInSecrets } from './sign-in-secrets.ts';
import { messagePage, pageHeaders } from './views.ts';

export interface ProviderPorts extends AdapterPorts {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly secrets: SignInSecrets;
  /** Where people reach central, without a path. */
  readonly publicUrl: string;
  readonly addressOf: ClientAddress;
}

/** The OAuth server: device code, authorization code with PKCE on a loopback address, refresh tokens that are good once. */
export function createProvider(ports: ProviderPorts): Provider {
  const provider = new Provider(`${ports.publicUrl}${oauthPath}`, configurationOf(ports));
  // Its URLs are made of what the request says of itself, which `forOAuth` replaces by the public URL.
  provider.proxy = true;
  shape(provider.AccessToken.prototype, () => makeBearerToken('AccessToken').text);
  shape(provider.RefreshToken.prototype, () => makeBearerToken('RefreshToken').text);
  return provider;
}

/** Tokens of ours have a form: the log knows them, scanners find them, and a typing error is told from a wrong one. */
function shape(prototype: object, make: () => string): void {
  Object.assign(prototype, {
    generateTokenId(this: { format?: string }): string {
      this.format = 'opaque';
      return make();
    },
  });
}

const minute = 60;

function configurationOf(ports: ProviderPorts): Configuration {
  return {
    adapter: (model: string) => new OAuthAdapter(model, ports),
    clients: [program],
    jwks: { keys: [ports.secrets.signingJwk] },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub'] },
    responseTypes: ['code'],
    pkce: { required: () => true },
    cookies: cookiesOf(ports),
    features: featuresOf(ports),
    interactions: { url: (_ctx, { uid }) => `/sign-in/request/${uid}` },
    // Each sign-in of a program is approved by a person, whoever was signed in before.
    loadExistingGrant: async ({ oidc }) => {
      const grantId = oidc.result?.consent?.grantId;
      return grantId === undefined ? undefined : oidc.provider.Grant.find(grantId);
    },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    // Tokens live and die with the session in our own table, not with a browser's.
    expiresWithSession: async () => false,
    findAccount: async (_ctx, uid, token) => accountOf(ports, uid, token),
    renderError: async (ctx, { error, error_description: description }) => {
      ctx.set(pageHeaders);
      ctx.body = messagePage('That did not work', description ?? error);
    },
    ttl: {
      AccessToken: 10 * minute,
      AuthorizationCode: minute,
      DeviceCode: 10 * minute,
      Grant: sessionSeconds,
      IdToken: 10 * minute,
      Interaction: 10 * minute,
      RefreshToken: sessionSeconds,
      Session: 10 * minute,
    },
  };
}

const program: ClientMetadata = {
  client_id: programName,
  client_name: 'ambit',
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  id_token_signed_response_alg: 'ES256',
  response_types: ['code'],
  grant_types: [
    'authorization_code',
    'refresh_token',
    'urn:ietf:params:oauth:grant-type:device_code',
  ],
  // On these the port is the program's to choose (RFC 8252, 7.3).
  redirect_uris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
};

/** They carry one authorization request over its redirects; each is bound to a path, so none can have the prefix `__Host-`. */
function cookiesOf({ secrets, publicUrl }: ProviderPorts): Configuration['cookies'] {
  const secure = publicUrl.startsWith('https:');
  const prefix = secure ? '__Secure-' : '';
  const cookie = { signed: true, httpOnly: true, sameSite: 'lax', secure } as const;
  return {
    keys: [secrets.cookieKey],
    names: {
      session: `${prefix}${sessionCookieName}`,
      interaction: `${prefix}ambit-request`,
      resume: `${prefix}ambit-resume`,
    },
    long: cookie,
    short: cookie,
  };
}

function featuresOf({ addressOf }: ProviderPorts): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    userinfo: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    // No program of ours uses them, and each is a record that a stranger makes.
    pushedAuthorizationRequests: { enabled: false },
    revocation: {
      enabled: true,
      allowedPolicy: async (_ctx, { clientId }, token) => token.clientId === clientId,
    },
    deviceFlow: {
      enabled: true,
      charset: 'base-20',
      mask: '****-****',
      deviceInfo: ({ req }: KoaContextWithOIDC) => ({
        address: addressOf(req),
        program: (req.headers['user-agent'] ?? '').slice(0, 200),
      }),
    },
  };
}

type Account = { readonly accountId: string; claims(): Promise<{ readonly sub: string }> };

/** Nobody, when the person is locked or gone, or when the session that the tokens name is over. */
async function accountOf(
  { sql, clock }: ProviderPorts,
  uid: string,
  token: object | undefined,
): Promise<Account | undefined> {
  const grantId = token !== undefined && 'grantId' in token ? token.grantId : undefined;
  if (typeof grantId === 'string') {
    const [session] = await findSessions(sql, [grantId]);
    if (session === undefined || refusalOf(session, clock) !== undefined) return undefined;
  }
  if ((await findActiveUser(sql, uid)) === undefined) return undefined;
  return { accountId: uid, claims: async () => ({ sub: uid }) };
}
