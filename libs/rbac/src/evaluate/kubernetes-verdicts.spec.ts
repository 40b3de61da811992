import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { PolicyRule } from '../model.ts';
import { parseSelectorText } from '../selectors/parse-selector-text.ts';
import { selectorMatches } from '../selectors/selector-matches.ts';
import { allows } from './allows.ts';
import { covers } from './covers.ts';
import type { RequestAttributes } from './request-attributes.ts';

/** What Kubernetes 1.36.2 itself says about random cases; made by `golden/verdicts.go`. */
type Verdict =
  | { owner: PolicyRule[]; servant: PolicyRule[]; covered: boolean; uncovered: PolicyRule[] }
  | { rules: PolicyRule[]; request: RequestAttributes; allowed: boolean }
  | { text: string; valid: boolean; labels: Record<string, string>; matches: boolean };

const golden = process.env['AMBIT_KUBERNETES_VERDICTS'] ?? '../../golden/verdicts.jsonl';
const verdicts = readFileSync(new URL(golden, import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Verdict);

/** Go writes a missing list as null and leaves empty ones out. */
const comparable = (rules: PolicyRule[]): unknown =>
  rules.map(({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }) => [
    verbs,
    apiGroups ?? [],
    resources ?? [],
    resourceNames ?? [],
    nonResourceURLs ?? [],
  ]);

describe("Kubernetes' own verdicts", () => {
  test('covers agrees, down to the uncovered rules and their order', () => {
    let seen = 0;
    for (const verdict of verdicts) {
      if (!('owner' in verdict)) continue;
      const ours = covers(verdict.owner, verdict.servant);
      const wanted = { covered: verdict.covered, uncovered: comparable(verdict.uncovered) };
      expect({ ...ours, uncovered: comparable([...ours.uncovered]) }).toEqual(wanted);
      seen++;
    }
    expect(seen).toBeGreaterThanOrEqual(150);
  });

  test('allows agrees', () => {
    const wrong = verdicts.filter(
      (verdict) =>
        'request' in verdict && allows(verdict.rules, verdict.request) !== verdict.allowed,
    );
    expect(wrong).toEqual([]);
  });

  test('the text form of selectors is read and matched alike', () => {
    const wrong = verdicts.filter((verdict) => {
      if (!('text' in verdict)) return false;
      const parsed = parseSelectorText(verdict.text);
      if (parsed.ok !== verdict.valid) return true;
      return parsed.ok && selectorMatches(parsed.selector, verdict.labels) !== verdict.matches;
    });
    expect(wrong).toEqual([]);
  });
});
