import { AppError } from './errors.ts';
import type { ErrorExtras } from './errors.ts';

/**
 * `not_found` for one thing, in the words of whoever named it. A kind of policy objects, written with a capital, comes with
 * the command that lists what there is. `more` is told too, or instead.
 */
export function notFound(kind: string, name: string, more: ErrorExtras = {}): AppError {
  const plural = kind.toLowerCase().replace(/y$/, 'ie') + 's';
  const listing = /^[A-Z]/.test(kind) ? { nextCommand: `ambit get ${plural}` } : {};
  return new AppError('not_found', `There is no ${kind} ${name}.`, { ...listing, ...more });
}
