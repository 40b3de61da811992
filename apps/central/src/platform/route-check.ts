import type { INestApplicationContext } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { routes } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import { operationOf } from './endpoint.ts';
import { openBySlip } from './for-anyone.ts';

/**
 * Every row of the route table has exactly one handler, and every method of a controller is one of them. Throws
 * `internal` with the list of what is wrong, so that a route without a permission can never be served, and
 * none is open to anyone by one slip alone.
 */
export function checkRoutes(app: INestApplicationContext): void {
  const handlers = Array.from(handlersOf(app));
  const counts = new Map<string, number>();
  for (const { operation } of handlers)
    if (operation !== undefined) counts.set(operation, (counts.get(operation) ?? 0) + 1);
  const problems = [
    ...handlers
      .filter(({ operation }) => operation === undefined)
      .map(({ name }) => `${name} names no operation`),
    // A handler that does not take its call would never have its query and body checked.
    ...handlers
      .filter(({ parameters }) => parameters !== 1)
      .map(({ name }) => `${name} does not take its call`),
    ...Object.keys(routes)
      .filter((operation) => counts.get(operation) !== 1)
      .map((operation) => `${operation} has ${counts.get(operation) ?? 0} handlers`),
    ...openBySlip(routes),
  ];
  if (problems.length === 0) return;
  throw new AppError('internal', `routes are not in order: ${problems.join('; ')}`);
}

interface Handler {
  readonly name: string;
  readonly operation: string | undefined;
  readonly parameters: number;
}

function* handlersOf(app: INestApplicationContext): Generator<Handler> {
  const scanner = new MetadataScanner();
  for (const { instance, metatype } of app.get(DiscoveryService).getControllers()) {
    const controller = instance as Record<string, () => unknown>;
    for (const method of scanner.getAllMethodNames(Object.getPrototypeOf(instance) as object)) {
      const handler = controller[method];
      if (handler === undefined) continue;
      const name = `${metatype?.name ?? 'a controller'}.${method}`;
      yield { name, operation: operationOf(handler), parameters: handler.length };
    }
  }
}
