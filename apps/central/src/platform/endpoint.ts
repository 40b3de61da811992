import {
  HttpCode,
  RequestMapping,
  RequestMethod,
  SetMetadata,
  applyDecorators,
} from '@nestjs/common';
import { basePath, routes } from '@ambit/contracts';
import type { OperationId } from '@ambit/contracts';

const operationKey = 'ambit:operation';

/**
 * Makes a handler the one of an operation of the route table: method, path, success status and, through the guard, its
 * permission all come from there. A handler without it is refused at start (`route-check.ts`).
 */
export function Endpoint(operation: OperationId): MethodDecorator {
  const route = routes[operation];
  return applyDecorators(
    SetMetadata(operationKey, operation),
    RequestMapping({
      method: RequestMethod[route.method],
      path: `${basePath}${route.path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    }),
    HttpCode(route.status),
  );
}

/** The operation a handler was made for. */
export function operationOf(handler: object): OperationId | undefined {
  return Reflect.getMetadata(operationKey, handler) as OperationId | undefined;
}
