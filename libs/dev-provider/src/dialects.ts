import { createHash } from 'node:crypto';
import type { DevPerson } from './dev-person.ts';

/** How one product speaks OpenID Connect, where it differs from the others. */
export interface Dialect {
  /** Path of the issuer. */
  readonly path: string;
  /** What its tokens say of a person, beside `sub`. */
  claimsOf(person: DevPerson, facts: DialectFacts): Readonly<Record<string, unknown>>;
  /** False: ID tokens say little, and userinfo has the rest. */
  readonly fullTokens: boolean;
  readonly clientAuth: 'client_secret_basic' | 'client_secret_post';
  /** Whether answers to the browser name the issuer (RFC 9207). */
  readonly namesItself: boolean;
  readonly alg: 'RS256' | 'ES256';
  /** True: groups are told to who asks for the scope `groups`. */
  readonly groupsAreAScope: boolean;
  /** It has a Graph, for tokens with the scope `User.Read`. */
  readonly graph: boolean;
}

interface DialectFacts {
  readonly clientId: string;
  readonly origin: string;
}

export const tenant = '72f988bf-86f1-41af-91ab-2d7cd011db47';
/** Entra leaves the groups out of a token when there are more. */
const mostGroupsInToken = 200;

const guidOf = (text: string): string => {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const verified = ({ email, emailVerified = true }: DevPerson): object => ({
  email,
  email_verified: emailVerified,
});

const usual = {
  fullTokens: true,
  clientAuth: 'client_secret_basic',
  namesItself: false,
  alg: 'RS256',
  groupsAreAScope: false,
  graph: false,
} as const;

const dialects = {
  entra: {
    ...usual,
    path: `/${tenant}/v2.0`,
    graph: true,
    clientAuth: 'client_secret_post',
    claimsOf: (person, { origin }) => ({
      tid: tenant,
      oid: guidOf(person.name),
      preferred_username: person.email,
      email: person.email,
      name: person.name,
      ver: '2.0',
      xms_edov: person.emailVerified ?? true,
      ...(person.groups.length > mostGroupsInToken
        ? {
            _claim_names: { groups: 'src1' },
            _claim_sources: {
              src1: { endpoint: `${origin}/v1.0/users/${guidOf(person.name)}/getMemberObjects` },
            },
          }
        : { groups: person.groups }),
    }),
  },
  google: {
    ...usual,
    path: '',
    claimsOf: (person, { clientId }) => ({
      ...verified(person),
      azp: clientId,
      hd: person.email.split('@')[1],
      name: person.name,
    }),
  },
  okta: {
    ...usual,
    path: '/oauth2/default',
    groupsAreAScope: true,
    fullTokens: false,
    claimsOf: (person) => ({
      ...verified(person),
      preferred_username: person.email,
      groups: person.groups,
    }),
  },
  keycloak: {
    ...usual,
    path: '/realms/acme',
    namesItself: true,
    claimsOf: (person, { clientId }) => ({
      ...verified(person),
      azp: clientId,
      preferred_username: person.name,
      groups: person.groups,
    }),
  },
  dex: {
    ...usual,
    path: '/dex',
    groupsAreAScope: true,
    alg: 'ES256',
    claimsOf: (person) => ({ ...verified(person), name: person.name, groups: person.groups }),
  },
  github: {
    ...usual,
    path: '/dex',
    groupsAreAScope: true,
    claimsOf: (person) => ({
      ...verified(person),
      name: person.name,
      preferred_username: person.name,
      groups: person.groups,
      federated_claims: { connector_id: 'github', user_id: '583231' },
    }),
  },
} as const satisfies Record<string, Dialect>;

export type DialectName = keyof typeof dialects;
export const dialectNames = Object.keys(dialects) as readonly DialectName[];

export const dialectOf = (name: DialectName): Dialect => dialects[name];

/** Never the e-mail: what stays when everything else of a person changes. */
export const subjectOf = ({ name }: DevPerson): string => guidOf(`subject ${name}`);
