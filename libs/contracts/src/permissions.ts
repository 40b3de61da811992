/** What a route asks of its caller; each route names exactly one. */
export const permissions = [
  'users:read',
  'users:write',
  'groups:read',
  'groups:write',
  'roles:read',
  'roles:write',
  'grants:read',
  'grants:write',
  'clusters:read',
  'clusters:write',
  'agents:write',
  'join-tokens:read',
  'join-tokens:write',
  'policy:apply',
  'access:read',
  'audit:read',
  'tokens:read',
  'tokens:write',
  'system:read',
] as const;
export type Permission = (typeof permissions)[number];

export const tokenRoles = ['admin', 'sync', 'viewer'] as const;
export type TokenRole = (typeof tokenRoles)[number];

/** What the holder of an API token of each role may do. A viewer reads everything but tokens. */
export const rolePermissions: Readonly<Record<TokenRole, readonly Permission[]>> = {
  admin: permissions,
  sync: ['users:read', 'users:write', 'groups:read', 'groups:write', 'system:read'],
  viewer: [
    'users:read',
    'groups:read',
    'roles:read',
    'grants:read',
    'clusters:read',
    'access:read',
    'audit:read',
    'system:read',
  ],
};
