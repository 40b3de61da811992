import type { MigrationInterface, QueryRunner } from 'typeorm';

const plainNames =
  'title userType nickName preferredLanguage locale timezone employeeNumber costCenter organization division department'.split(
    ' ',
  );

/** What directories said before: they say it no second time while it stays so. */
const saidBefore = `
UPDATE users u SET given_attributes = s.given FROM (
  SELECT d.user_uid, jsonb_object_agg('scim:' || p.name, a.said) AS given
  FROM directory_users d JOIN policy_objects p ON p.uid = d.provider_uid
  CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(e.key, e.value) AS said FROM (
      SELECT t.key, t.value
      FROM jsonb_each(d.attributes || coalesce(d.attributes -> 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User', '{}')) AS t
      WHERE t.key = ANY($1::text[]) AND jsonb_typeof(t.value) = 'string' AND length(t.value #>> '{}') BETWEEN 1 AND 256
      UNION ALL
      SELECT l.name, jsonb_path_query_array(d.attributes, ('$.' || l.name || '[*].value')::jsonpath)
      FROM unnest(ARRAY['roles', 'entitlements']) AS l(name)
      WHERE jsonb_array_length(jsonb_path_query_array(d.attributes, ('$.' || l.name || '[*].value')::jsonpath)) BETWEEN 1 AND 50
    ) e) a
  WHERE a.said IS NOT NULL GROUP BY d.user_uid) s
WHERE s.user_uid = u.uid`;

/**
 * Attributes of people, and rules by which teams have them. Whom the rules of a team match is a member of the group of that
 * team, and each rule is a source of memberships. `reads` finds the rules that a change of a person concerns.
 */
export class TeamRules1795473210000 implements MigrationInterface {
  readonly name = 'TeamRules1795473210000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE users ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}';
ALTER TABLE users ADD COLUMN given_attributes jsonb NOT NULL DEFAULT '{}';
CREATE TABLE team_rules (
  group_uid text NOT NULL REFERENCES groups ON DELETE CASCADE,
  match text NOT NULL,
  reads text[] NOT NULL,
  matches_blank boolean NOT NULL,
  PRIMARY KEY (group_uid, match)
);
CREATE INDEX team_rules_reads ON team_rules USING gin (reads);
CREATE TABLE team_rule_faults (
  group_uid text NOT NULL,
  match text NOT NULL,
  user_uid text NOT NULL REFERENCES users ON DELETE CASCADE,
  problem text NOT NULL,
  PRIMARY KEY (group_uid, match, user_uid),
  FOREIGN KEY (group_uid, match) REFERENCES team_rules ON DELETE CASCADE
);
CREATE INDEX team_rule_faults_user ON team_rule_faults (user_uid);
CREATE INDEX given_memberships_user ON given_memberships (user_uid)`);
    await runner.query(saidBefore, [plainNames]);
  }

  /** A program that knows no rules would take the group of a team for one that somebody wrote. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP TABLE team_rule_faults, team_rules;
DROP INDEX given_memberships_user;
UPDATE policy_objects SET spec = jsonb_set(spec, '{members}', (
  SELECT coalesce(jsonb_agg(m), '[]') FROM jsonb_array_elements(spec -> 'members') AS m WHERE NOT m ? 'match'))
WHERE kind = 'Team';
DELETE FROM group_members WHERE group_uid IN (SELECT uid FROM groups WHERE name LIKE 'team.%');
DELETE FROM groups WHERE name LIKE 'team.%';
ALTER TABLE users DROP COLUMN attributes, DROP COLUMN given_attributes`);
  }
}
