import type { MigrationInterface, QueryRunner } from 'typeorm';

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
