import { randomBytes } from 'node:crypto';
import type { JWK } from 'jose';
import type { Configuration } from 'oidc-provider';
import type { Dialect } from './dialects.ts';
import { keptRecords } from './kept-records.ts';

export interface ProviderFacts {
  readonly dialect: Dialect;
  readonly origin: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  readonly jwk: JWK;
}

/** For the part of Graph that is there. */
export const graphScope = 'User.Read';

/** One client, people without passwords, and consent that everybody gave before. */
export function providerConfiguration(facts: ProviderFacts): Configuration {
  const { dialect, origin, clientId, clientSecret, redirectUris, jwk } = facts;
  return {
    adapter: keptRecords(),
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [...redirectUris],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: dialect.clientAuth,
        id_token_signed_response_alg: dialect.alg,
      },
    ],
    jwks: { keys: [jwk] } as NonNullable<Configuration['jwks']>,
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
    clientAuthMethods: [dialect.clientAuth],
    scopes: [
      'openid',
      'profile',
      'email',
      ...(dialect.groupsAreAScope ? ['groups'] : []),
      ...(dialect.graph ? [graphScope] : []),
    ],
    pkce: { required: () => true },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    discovery: { msgraph_host: new URL(origin).host },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `${dialect.path}/log-in/${uid}` },
    findAccount: async (_ctx, accountId) => ({
      accountId,
      claims: async () => ({ sub: accountId }),
    }),
    loadExistingGrant: async ({ oidc }) => {
      const { client, session, params } = oidc;
      if (client === undefined || session?.accountId === undefined) return undefined;
      const { accountId } = session;
      const grant = new oidc.provider.Grant({ clientId: client.clientId, accountId });
      grant.addOIDCScope(String(params?.['scope']));
      await grant.save();
      return grant;
    },
    ttl: {
      AccessToken: 3_600,
      AuthorizationCode: 60,
      Grant: 3_600,
      IdToken: 3_600,
      Interaction: 600,
      Session: 3_600,
    },
  };
}
