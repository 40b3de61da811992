import { basePath, routes } from '@ambit/contracts';
import type { Route } from '@ambit/contracts';

interface Known {
  readonly pattern: RegExp;
  readonly method: Route['method'];
}

const known: readonly Known[] = Object.values<Route>(routes).map(({ path, method }) => ({
  pattern: new RegExp(`^${basePath}${path.replaceAll(/\{\w+\}/g, '[^/]+')}/?$`),
  method,
}));

/** The methods that a path answers, without HEAD; none when there is no such path. */
export function methodsOf(path: string): Route['method'][] {
  return known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
}
