import { basePath, type Route } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';

type Values = Readonly<Record<string, string | number | undefined>>;

/**
 * Path and query of a call. Parameters are encoded whole, so that a name can never change the path; `.` and `..` are
 * refused because URL parsers resolve them even when they are encoded.
 */
export function requestPath(route: Route, params: Values = {}, query: Values = {}): string {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(params[name] ?? '');
    if (value === '' || value === '.' || value === '..') {
      throw new AppError('invalid_name', `"${value}" is not a ${name}`);
    }
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return basePath + path + (text === '' ? '' : `?${text}`);
}
