/** SQL that is true for a member of the team `team`, by name or through a group. Both are columns with uids. */
const isInTeam = (team: string, principal: string): string =>
  `EXISTS (SELECT FROM policy_objects t, jsonb_array_elements(t.spec -> 'members') AS m
    WHERE t.uid = ${team} AND t.kind = 'Team' AND (m ->> 'uid' = ${principal} OR m ->> 'uid' IN
      (SELECT g.group_uid FROM group_members g WHERE g.user_uid = ${principal})))`;

/** SQL for the Delegations `d` that name a user or service now, by name or through a group or team. */
const delegationsTo = (principal: string): string =>
  `policy_objects d, jsonb_array_elements(d.spec -> 'subjects') AS b
    WHERE d.kind = 'Delegation' AND (b ->> 'uid' = ${principal} OR b ->> 'uid' IN
      (SELECT m.group_uid FROM group_members m WHERE m.user_uid = ${principal})
      OR (b ->> 'kind' = 'Team' AND ${isInTeam(`b ->> 'uid'`, principal)}))`;

/** SQL for the roles in Ambit itself that Delegations give a user or service now. `principal` is a column with its uid. */
export const delegatedRolesOf = (principal: string): string =>
  `ARRAY(SELECT DISTINCT d.spec ->> 'role' FROM ${delegationsTo(principal)} ORDER BY 1)`;

/** SQL for the teams that Delegations let a user or service look after now, with their names. */
export const teamsLedBy = (principal: string): string =>
  `(SELECT coalesce(jsonb_agg(jsonb_build_object('uid', l.uid, 'name', l.name) ORDER BY l.name), '[]')
    FROM policy_objects l WHERE l.kind = 'Team' AND l.uid IN (SELECT d.spec ->> 'team' FROM ${delegationsTo(principal)}
      AND d.spec ->> 'role' = 'team-admin'))`;

/**
 * SQL for the Delegations that name one of the users and groups with the uids $1, itself or by a team that it is in, and
 * do not let those who sync people change it.
 */
export const delegationsNaming = `SELECT DISTINCT s.uid, d.name, d.spec ->> 'role' AS role
  FROM policy_objects d, jsonb_array_elements(d.spec -> 'subjects') AS b
  CROSS JOIN LATERAL (SELECT b ->> 'uid' AS uid UNION ALL
    SELECT m ->> 'uid' FROM policy_objects t, jsonb_array_elements(t.spec -> 'members') AS m
    WHERE b ->> 'kind' = 'Team' AND t.uid = b ->> 'uid' AND t.kind = 'Team') AS s
  WHERE d.kind = 'Delegation' AND d.spec -> 'allowDirectory' IS DISTINCT FROM 'true'::jsonb
    AND s.uid = ANY($1::text[]) ORDER BY d.name`;
