import { compareText } from '@ambit/kernel';
import type { LabelRequirement, LabelSelector } from '../intents.ts';

/** The one form of selectors that mean the same by order and repetition: sorted requirements of sorted values. */
export function canonicalSelector(selector: LabelSelector): LabelSelector {
  const byText = new Map<string, LabelRequirement>();
  for (const { key, operator, values } of selector.requirements) {
    const requirement = { key, operator, values: [...new Set(values)].sort(compareText) };
    byText.set(JSON.stringify([key, operator, requirement.values]), requirement);
  }
  const sorted = [...byText.entries()].sort(([a], [b]) => compareText(a, b));
  return { requirements: sorted.map(([, requirement]) => requirement) };
}

/** The selector as kubectl writes it; `*` when it selects everything. Equal for equal canonical selectors. */
export function selectorText(selector: LabelSelector): string {
  const { requirements } = canonicalSelector(selector);
  return requirements.length === 0 ? '*' : requirements.map(requirementText).join(',');
}

function requirementText({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0] ?? ''}` : `${key} in (${values.join(',')})`;
    case 'NotIn':
      return `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
}
