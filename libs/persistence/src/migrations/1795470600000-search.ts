import type { MigrationInterface, QueryRunner } from 'typeorm';

const searched = {
  users: ['name', 'display_name'],
  groups: ['name', 'display_name'],
  roles: ['name', 'description'],
  clusters: ['name'],
  grants: ['name', 'reason'],
} as const;

/**
 * Search has expressions of its own. A trigram index on the column itself answers `=` as well, and for a list of names the
 * planner took it before the unique one: 4.5 s instead of 0.7 ms for 1,500 names. `searchText` writes the same expression.
 */
export class Search1795470600000 implements MigrationInterface {
  readonly name = 'Search1795470600000';

  async up(runner: QueryRunner): Promise<void> {
    await this.#index(runner, (column) => `(${column} || '')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await this.#index(runner, (column) => column);
  }

  async #index(runner: QueryRunner, expression: (column: string) => string): Promise<void> {
    for (const [table, columns] of Object.entries(searched)) {
      const of = columns.map((column) => `${expression(column)} gin_trgm_ops`).join(', ');
      await runner.query(`
DROP INDEX ${table}_search;
CREATE INDEX ${table}_search ON ${table} USING gin (${of})`);
    }
  }
}
