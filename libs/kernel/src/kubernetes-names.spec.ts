import { describe, expect, test } from '@jest/globals';
import {
  dnsLabelProblem,
  dnsSubdomainProblem,
  labelKeyProblem,
  labelValueProblem,
  nameLengths,
  namePatterns,
  pathSegmentProblem,
} from './kubernetes-names.ts';

const long = (length: number): string => 'a'.repeat(length);

// Each verdict is checked against a real API server in test/conformance/names-and-rules.ts.
describe.each<[string, (text: string) => string | undefined, string[], string[]]>([
  [
    'DNS label',
    dnsLabelProblem,
    ['a', '0', 'a-b', 'a--b', '1a', long(63)],
    ['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a b', 'a\n', 'ä', long(64)],
  ],
  [
    'DNS subdomain',
    dnsSubdomainProblem,
    ['a', 'a.b', 'a-b.c-d', '1.2', `${long(63)}.${long(63)}.${long(63)}.${long(61)}`, long(253)],
    ['', '.', 'a.', '.a', 'a..b', 'a.-b', 'a-.b', 'A.b', 'a_b', 'a/b', 'a.b\n', long(254)],
  ],
  [
    'label key',
    labelKeyProblem,
    ['a', 'A', 'a.b', 'a_b', 'a..b', 'env', 'acme.io/env', 'a-b.c/A_b.C-d', `${long(253)}/a`],
    ['', '/', 'a/', '/a', 'a..b/env', '-a/b', 'a./b', 'A/b', 'a/b/c', '-a', 'a-', 'a b', 'é']
      .concat(long(64), `a/${long(64)}`, `${long(254)}/a`)
      .concat('a\n', 'a_b/c'),
  ],
  [
    'label value',
    labelValueProblem,
    ['', 'a', 'A', '0', 'a.b', 'a_b', 'a--b', 'a..b', long(63)],
    [' ', 'a ', '-a', 'a-', '.a', '_', 'a/b', 'a:b', 'ä', 'a\n', long(64)],
  ],
  [
    'path segment',
    pathSegmentProblem,
    ['a', 'Admin_Thing', 'a:b:c', 'system:node', 'Роль', 'a b', '...', ' .', long(1_000)],
    ['.', '..', 'a/b', '/', '%', 'a%2fb'],
  ],
])('%s', (_, problem, fine, wrong) => {
  test.each(fine)('%j is taken', (text) => {
    expect(problem(text)).toBeUndefined();
  });
  test.each(wrong)('outside case 15: %j is refused with a reason', (text) => {
    expect(problem(text)).toMatch(/\w/);
  });
});

test('the patterns of the documents say what the rules say', () => {
  const rules = {
    dnsLabel: dnsLabelProblem,
    dnsSubdomain: dnsSubdomainProblem,
    labelKey: labelKeyProblem,
    labelValue: labelValueProblem,
  };
  const texts = ['a', 'A', 'a..b/env', 'a/b', 'a.b/c', '', '-', 'a-', 'a.b', 'a..b', 'a/b/c', 'é'];
  for (const [name, rule] of Object.entries(rules)) {
    const key = name as keyof typeof rules;
    const pattern = new RegExp(namePatterns[key]);
    const agree = (text: string): boolean =>
      (pattern.test(text) && text.length <= nameLengths[key]) === (rule(text) === undefined);
    expect(texts.filter((text) => !agree(text))).toEqual([]);
  }
});
