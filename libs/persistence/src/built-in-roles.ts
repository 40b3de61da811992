/** The roles that exist from the start have the same uid in every installation. */
export const builtInRoleUids = {
  view: '00000000-0000-7000-8000-000000000001',
  edit: '00000000-0000-7000-8000-000000000002',
  admin: '00000000-0000-7000-8000-000000000003',
} as const;
