/**
 * SQL for the roles in Ambit itself that Delegations give a user or service now, by name or through a group. `principal`
 * is a column with its uid.
 */
export function delegatedRolesOf(principal: string): string {
  return `ARRAY(SELECT DISTINCT d.spec ->> 'role' FROM policy_objects d, jsonb_array_elements(d.spec -> 'subjects') AS b
    WHERE d.kind = 'Delegation' AND (b ->> 'uid' = ${principal} OR b ->> 'uid' IN
      (SELECT m.group_uid FROM group_members m WHERE m.user_uid = ${principal})) ORDER BY 1)`;
}

/** SQL for the Delegations that name one of the subjects with the uids $1 and do not let those who sync people change it. */
export const delegationsNaming = `SELECT b ->> 'uid' AS uid, d.name, d.spec ->> 'role' AS role
  FROM policy_objects d, jsonb_array_elements(d.spec -> 'subjects') AS b
  WHERE d.kind = 'Delegation' AND d.spec -> 'allowDirectory' IS DISTINCT FROM 'true'::jsonb
    AND b ->> 'uid' = ANY($1::text[]) ORDER BY d.name`;
