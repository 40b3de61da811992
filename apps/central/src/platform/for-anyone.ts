import { routes } from '@ambit/contracts';
import type { OperationId, Route } from '@ambit/contracts';

/** What gives a credential to who has none yet. A route says so itself, and is served only when it stands here too. */
const forAnyone: readonly OperationId[] = ['exchangeToken'];

/** True for an operation that asks for no credential. */
export function isForAnyone(operation: OperationId): boolean {
  return routes[operation].permission === 'anyone' && forAnyone.includes(operation);
}

/** Operations that the table and the list above do not both say to be for anyone. */
export function openBySlip(table: Readonly<Record<string, Pick<Route, 'permission'>>>): string[] {
  const listed: readonly string[] = forAnyone;
  return Object.entries(table)
    .filter(([id, { permission }]) => (permission === 'anyone') !== listed.includes(id))
    .map(([id]) => `${id} is for anyone in one place only`);
}
