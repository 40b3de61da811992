import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which teams somebody is in is asked at each change of those who sync people, of a few people and not of all teams. */
export class TeamMembers1795473250000 implements MigrationInterface {
  readonly name = 'TeamMembers1795473250000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE INDEX policy_objects_team_members ON policy_objects USING gin ((spec -> 'members') jsonb_path_ops)
  WHERE kind = 'Team'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX policy_objects_team_members');
  }
}
