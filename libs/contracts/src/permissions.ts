import type { DelegationRole } from './kinds/delegation.ts';
import { policyKinds } from './kinds/policy-kinds.ts';

type Plural = (typeof policyKinds)[number]['plural'];
type KindPermission = `${Plural}:read` | `${Plural}:write`;
/**
 * In the order in which people read them: each kind, then what is no kind of policy. `clusters:access`: where people send their
 * credentials, and by which names they are known in a cluster; who writes that can become anybody there.
 */
const ownPermissions = [
  'clusters:access',
  'agents:write',
  'join-tokens:read',
  'join-tokens:write',
  'policy:apply',
  'access:read',
  'audit:read',
  'tokens:read',
  'tokens:write',
  'sessions:read',
  'sessions:write',
  'system:read',
  'self',
] as const;

/** What a route asks of its caller; each route names exactly one. `self`: what concerns the caller alone. */
export type Permission = KindPermission | (typeof ownPermissions)[number];

const readOf = (kinds: readonly { readonly plural: Plural }[]): Permission[] =>
  kinds.map(({ plural }) => `${plural}:read` as const);
const bothOf = (kinds: readonly { readonly plural: Plural }[]): Permission[] =>
  kinds.flatMap(({ plural }) => [`${plural}:read`, `${plural}:write`] as const);

export const permissions: readonly Permission[] = [...bothOf(policyKinds), ...ownPermissions];

export const tokenRoles = ['admin', 'sync', 'viewer'] as const;
export type TokenRole = (typeof tokenRoles)[number];

/** What the holder of an API token of each role may do. A viewer reads everything but tokens. */
export const rolePermissions: Readonly<Record<TokenRole, readonly Permission[]>> = {
  admin: permissions,
  sync: [...bothOf(policyKinds.filter((kind) => 'synced' in kind)), 'system:read', 'self'],
  viewer: [...readOf(policyKinds), 'access:read', 'audit:read', 'system:read', 'self'],
};

const reading = permissions.filter((permission) => permission.endsWith(':read'));

/** What a Delegation of each role gives people and programs in Ambit itself. */
export const delegatedPermissions: Readonly<Record<DelegationRole, readonly Permission[]>> = {
  admin: permissions,
  operator: [
    ...readOf(policyKinds),
    'clusters:write',
    'agents:write',
    'join-tokens:read',
    'join-tokens:write',
    'access:read',
    'system:read',
  ],
  auditor: reading,
  directory: [...bothOf(policyKinds.filter((kind) => 'synced' in kind)), 'system:read'],
  // What it gives is bounded by the team, so it is no right to a kind of object: routes say that they know the bounds.
  'team-admin': [],
};

/** What everybody may do who came in, whatever they may do beside it. */
export const everybodysPermissions: readonly Permission[] = ['self'];
