import type { DemoStage } from '../stage/demo-stage.ts';
import { accessLines, askAccess, legend, type AccessTable } from './access-table.ts';

/** The table of who can do what where, answered by the API servers and not by us. */
export async function tellAccess(
  stage: DemoStage,
  people: readonly string[],
): Promise<AccessTable> {
  const { printer, clusters } = stage;
  printer.step('Who can do what where, as the API servers answer it (SubjectAccessReview)');
  const table = await askAccess(people, clusters);
  printTable(stage, table);
  printer.note(legend);
  return table;
}

/** Prints the table; what differs from `before` is marked. */
export function printTable(stage: DemoStage, table: AccessTable, before?: AccessTable): void {
  for (const line of accessLines(table, before)) stage.printer.line(`   ${line}`);
}
