interface RoleSpec {
  readonly clusterRole?: string;
  readonly rules?: unknown;
}

/** Whether two roles give the same: they refer to one ClusterRole, or have the same rules. */
export function sameSpec(existing: RoleSpec, wanted: RoleSpec): boolean {
  if (wanted.clusterRole !== undefined) return existing.clusterRole === wanted.clusterRole;
  return (
    wanted.rules !== undefined && JSON.stringify(existing.rules) === JSON.stringify(wanted.rules)
  );
}

/** Of a grant that was applied before: what it says beside subjects, role and scope is the business of who changed it. */
export function sameGrant(existing: object | undefined, wanted: object): boolean {
  const parts = ({ subjects, role, scope }: Record<string, unknown>): string => {
    const texts = (subjects as object[]).map((each) => JSON.stringify(each)).sort();
    return JSON.stringify([texts, role, ordered(scope)]);
  };
  return existing !== undefined && parts({ ...existing }) === parts({ ...wanted });
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, ordered(each)]));
}
