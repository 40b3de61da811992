import { didYouMean, labelKeyProblem, labelValueProblem, type ErrorItem } from '@ambit/kernel';
import type { LabelRequirement, LabelSelector, SelectorOperator } from '../intents.ts';
import { pointerTo, ProblemList, type Parsed } from '../parsing/problem-list.ts';
import { canonicalSelector } from './canonical-selector.ts';

const operators: readonly SelectorOperator[] = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/**
 * Kubernetes' `{matchLabels, matchExpressions}` as a canonical selector, or everything that is wrong with it.
 * `{}` selects everything: whoever must not accept that checks before.
 */
export function parseLabelSelector(value: unknown, pointer = ''): Parsed<LabelSelector> {
  const problems = new ProblemList();
  const fields = problems.object(value, pointer, ['matchLabels', 'matchExpressions']);
  const requirements = [
    ...matchLabels(fields['matchLabels'], pointerTo(pointer, 'matchLabels'), problems),
    ...matchExpressions(
      fields['matchExpressions'],
      pointerTo(pointer, 'matchExpressions'),
      problems,
    ),
  ];
  return problems.result(() => canonicalSelector({ requirements }));
}

function matchLabels(value: unknown, pointer: string, problems: ProblemList): LabelRequirement[] {
  if (value === undefined || value === null) return [];
  return Object.entries(problems.object(value, pointer)).map(([key, text]) => {
    const at = pointerTo(pointer, key);
    problems.addIf(at, labelKeyProblem(key));
    if (typeof text === 'string') problems.addIf(at, labelValueProblem(text));
    else problems.add(at, 'must be a text (quote it: YAML reads true, 1 and null as other things)');
    return { key, operator: 'In', values: [String(text)] };
  });
}

function matchExpressions(
  value: unknown,
  pointer: string,
  problems: ProblemList,
): LabelRequirement[] {
  if (value === undefined || value === null) return [];
  return problems
    .array(value, pointer)
    .map((item, index) => matchExpression(item, pointerTo(pointer, index), problems));
}

function matchExpression(value: unknown, pointer: string, problems: ProblemList): LabelRequirement {
  const fields = problems.object(value, pointer, ['key', 'operator', 'values']);
  const key = problems.text(fields['key'], pointerTo(pointer, 'key'));
  if (key !== '') problems.addIf(pointerTo(pointer, 'key'), labelKeyProblem(key));
  const operator = readOperator(fields['operator'], pointerTo(pointer, 'operator'), problems);
  const at = pointerTo(pointer, 'values');
  const values = problems.texts(fields['values'] ?? [], at);
  values.forEach((text, index) => problems.addIf(pointerTo(at, index), labelValueProblem(text)));
  const needsValues = operator === 'In' || operator === 'NotIn';
  if (needsValues && values.length === 0) problems.add(at, `${operator} needs at least one value`);
  if (operator !== undefined && !needsValues && values.length > 0) {
    problems.add(at, `${operator} takes no values`);
  }
  return { key, operator: operator ?? 'Exists', values };
}

function readOperator(
  value: unknown,
  pointer: string,
  problems: ProblemList,
): SelectorOperator | undefined {
  const known = operators.find((operator) => operator === value);
  if (known !== undefined) return known;
  const near = typeof value === 'string' ? didYouMean(value, operators, 1)[0] : undefined;
  const item: ErrorItem = { pointer, message: `must be one of ${operators.join(', ')}` };
  problems.push(near === undefined ? item : { ...item, didYouMean: near });
  return undefined;
}
