import { describe, expect, test } from '@jest/globals';
import { defaultCeiling } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import { parseAllDocuments } from 'yaml';
import { admissionPolicies } from './admission-policies.ts';
import { printPolicy } from './print-policy.ts';

interface Printed {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly matchConditions?: readonly { readonly expression: string }[];
    readonly validations?: readonly { readonly message: string; readonly reason: string }[];
    readonly variables?: readonly { readonly name: string; readonly expression: string }[];
  };
}

function printed(...args: Parameters<typeof printPolicy>): Printed[] {
  const documents = parseAllDocuments(printPolicy(...args));
  return 'empty' in documents ? [] : documents.map((document) => document.toJS() as Printed);
}

const variable = (documents: readonly Printed[], wanted: string): string | undefined =>
  documents.flatMap(({ spec }) => spec.variables ?? []).find(({ name }) => name === wanted)
    ?.expression;

describe('the policies of a ceiling', () => {
  test('are a gate and a ceiling, each with its binding, for the account that is named', () => {
    const documents = printed(defaultCeiling, { account: 'system:serviceaccount:team:agent' });
    expect(documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'ValidatingAdmissionPolicy ambit-agent-gate',
      'ValidatingAdmissionPolicyBinding ambit-agent-gate',
      'ValidatingAdmissionPolicy ambit-agent-ceiling',
      'ValidatingAdmissionPolicyBinding ambit-agent-ceiling',
    ]);
    const asked = documents.flatMap(({ spec }) => spec.matchConditions ?? []);
    expect(new Set(asked.map(({ expression }) => expression))).toEqual(
      new Set(['request.userInfo.username in ["system:serviceaccount:team:agent"]']),
    );
    expect(variable(documents, 'protectedNamespaces')).toContain('"team"');
  });

  test('are three where the ceiling names certificates: the third says for which names, as bytes', () => {
    const account = 'system:serviceaccount:team:agent';
    const credentials = ['ClientCertificate' as const];
    const subjectPrefixes = ['ambit:', 'é"', 'x'.repeat(26)];
    const documents = printed({ ...defaultCeiling, credentials, subjectPrefixes }, { account });
    expect(documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`).slice(4)).toEqual([
      'ValidatingAdmissionPolicy ambit-agent-certificates',
      'ValidatingAdmissionPolicyBinding ambit-agent-certificates',
    ]);
    // One that is too long to be seen in the first line of a request lets nobody in.
    const lists = (variable(documents, 'prefixed') ?? '').match(/== \[[\d, ]+\]/g) ?? [];
    expect(lists).toEqual(
      ['ambit:', 'é"'].map((prefix) => `== [${[...Buffer.from(prefix)].join(', ')}]`),
    );
    // Later versions of Kubernetes know more of lists than the first one with policies.
    expect(JSON.stringify(documents)).not.toMatch(/\.(slice|flatten|sort|distinct|first|last)\(/);
    const gate = (ceiling: Parameters<typeof printPolicy>[0]): string =>
      JSON.stringify(printed(ceiling, { account })[0]?.spec);
    expect(gate(defaultCeiling)).not.toContain('certificatesigningrequests');
    expect(gate({ ...defaultCeiling, credentials: ['TokenWebhook'] })).toBe(gate(defaultCeiling));
  });

  test('refuse with 403 and a mark that stays when the ceiling says the same in another order', () => {
    const turned = {
      ...defaultCeiling,
      allowedClusterRoles: [...defaultCeiling.allowedClusterRoles].reverse(),
      removalGuard: { share: 0.1, moreThan: 1 },
    };
    const { mark } = admissionPolicies(turned, nodeDigests);
    for (const { message, reason } of printed(defaultCeiling, {}).flatMap(
      ({ spec }) => spec.validations ?? [],
    )) {
      expect([reason, message]).toEqual(['Forbidden', expect.stringContaining(mark)]);
    }
    const wider = admissionPolicies({ ...defaultCeiling, clusterScope: true }, nodeDigests);
    expect(wider.mark).not.toBe(mark);
  });

  test('hold texts of the ceiling as texts, whatever stands in them', () => {
    const odd = ['a"b', 'a\\b', "a'b", '") || true || ("', '役割', '\u{1f469}'];
    const documents = printed({ ...defaultCeiling, allowedClusterRoles: odd }, {});
    const expression = variable(documents, 'allowedClusterRoles') ?? '[]';
    expect(new Set(JSON.parse(expression) as string[])).toEqual(new Set(odd));
  });

  test('have no line that a text of the ceiling begins, for readers of YAML 1.1 too', () => {
    const ends = ['\n', '\r', '\u0085', '\u2028', '\u2029', '\u{e0001}', '\ufeff'];
    const texts = ends.map((end) => `x${end}validationActions: [Audit]`);
    const rule = { apiGroups: [''], resources: ['pods'], resourceNames: texts, verbs: ['get'] };
    const text = printPolicy(
      { ...defaultCeiling, customRoles: { rules: [rule] } },
      { account: `agent\u2028kind: Secret\nkind: Secret` },
    );
    expect(text).not.toMatch(/[^\x20-\x7e\n]/);
    expect(text).not.toMatch(/^\s*(?:validationActions: \[Audit|kind: Secret)/m);
  });

  test('are not printed for an account that stands among those of people', () => {
    const account = 'system:serviceaccount:ambit-access:ambit-agent-abcdefghijklmnop';
    expect(() => printPolicy(defaultCeiling, { account })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  });

  test('let ServiceAccounts of people be made where the ceiling names their way, and else only taken away', () => {
    const without = printed(defaultCeiling, {});
    expect(variable(without, 'ofAccounts')).toMatch(/"ambit-access"[^]*== 'DELETE'$/);
    expect(JSON.stringify(without)).not.toMatch(/asksToken|makesAccount|subResource == 'token'/);
    expect(variable(without, 'protectedNamespaces')).not.toContain('"ambit-access"');
    const documents = printed({ ...defaultCeiling, credentials: ['ServiceAccountToken'] }, {});
    expect(documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toHaveLength(4);
    expect(variable(documents, 'ofAccounts')).toContain('request.namespace == "ambit-access"');
    expect(variable(documents, 'protectedNamespaces')).toContain('"ambit-access"');
  });

  test('are not printed for an account that the ceiling would let central bind', () => {
    expect(() => printPolicy(defaultCeiling, { account: 'ambit:agent' })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  });
});
