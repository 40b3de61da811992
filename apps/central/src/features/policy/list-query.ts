import { AppError } from '@ambit/kernel';
import type { KeysetQuery } from '@ambit/persistence';
import { parseSelectorText } from '@ambit/rbac';
import type { LabelRequirement, Requirement } from '@ambit/rbac';

/** The query of a list as stores take it. Throws `invalid_request` for a label selector that cannot be read. */
export function listQuery(query: {
  readonly limit: number;
  readonly continue?: string;
  readonly labelSelector?: string;
  readonly q?: string;
}): KeysetQuery {
  const { labelSelector, ...rest } = query;
  if (labelSelector === undefined || labelSelector === '') return rest;
  const parsed = parseSelectorText(labelSelector);
  if (!parsed.ok) {
    throw new AppError('invalid_request', `The label selector cannot be read: ${parsed.message}`, {
      hint: 'Write it as kubectl takes it, such as env=prod,team in (a,b).',
    });
  }
  return { ...rest, labelSelector: { requirements: parsed.selector.requirements.map(comparable) } };
}

/** Labels of policy objects are compared as texts only. */
function comparable(requirement: Requirement): LabelRequirement {
  const { operator } = requirement;
  if (operator !== 'Gt' && operator !== 'Lt') return { ...requirement, operator };
  throw new AppError(
    'invalid_request',
    `The operator ${operator} is not for labels of policy objects.`,
  );
}
