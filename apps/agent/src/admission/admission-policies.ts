import { compareText, hex } from '@ambit/kernel';
import type { Digests } from '@ambit/kernel';
import { ceilingDigest } from '@ambit/rbac';
import type { Ceiling } from '@ambit/rbac';
import type { PolicyDraft } from './admission-policy.ts';
import { ceilingPolicy } from './ceiling-policy.ts';
import { certificatePolicy, makesCertificates } from './certificate-policy.ts';
import { celTexts } from './cel-text.ts';
import { gatePolicy } from './gate-policy.ts';
import { probeCheck } from './probe-objects.ts';

const apiVersion = 'admissionregistration.k8s.io/v1';

/** The policies of a ceiling, and the mark by which their refusals are known. */
export interface AdmissionPolicies {
  readonly drafts: readonly PolicyDraft[];
  /** Stands in every refusal: the same for the same policies, whoever's writes they judge. */
  readonly mark: string;
}

/** What the API server is to refuse under this ceiling. */
export function admissionPolicies(ceiling: Ceiling, digests: Digests): AdmissionPolicies {
  const sorted = inOneOrder(ceiling);
  const certificates = makesCertificates(sorted) ? [certificatePolicy(sorted)] : [];
  const drafts = [gatePolicy(sorted), ceilingPolicy(sorted), ...certificates].map((draft) => ({
    ...draft,
    checks: [...draft.checks, probeCheck(draft.name)],
  }));
  const text = digests.utf8(JSON.stringify(drafts));
  return { drafts, mark: `ambit policy ${hex(digests.sha256(text)).slice(0, 16)}` };
}

/** Two files that say the same have the same policies. */
function inOneOrder(ceiling: Ceiling): Ceiling {
  const sorted = (texts: readonly string[]): string[] => [...new Set(texts)].sort(compareText);
  return {
    ...ceiling,
    allowedClusterRoles: sorted(ceiling.allowedClusterRoles),
    protectedNamespaces: sorted(ceiling.protectedNamespaces),
    subjectPrefixes: sorted(ceiling.subjectPrefixes),
    breakGlass: sorted(ceiling.breakGlass),
    namespaces: {
      ...ceiling.namespaces,
      manage: sorted(ceiling.namespaces.manage),
      labels: sorted(ceiling.namespaces.labels),
    },
  };
}

/** The policies and their bindings as Kubernetes objects that judge the writes of these accounts. */
export function policyObjects(
  ceiling: Ceiling,
  accounts: readonly string[],
  digests: Digests,
): object[] {
  const { drafts, mark } = admissionPolicies(ceiling, digests);
  const annotations = { 'ambit.dev/ceiling-digest': ceilingDigest(ceiling, digests) };
  return drafts.flatMap(({ name, resourceRules, variables, checks }) => [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name, annotations },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: { resourceRules },
        // Without parameters: one that is missing would lock everybody out, whoever writes.
        matchConditions: [
          { name: 'agent', expression: `request.userInfo.username in ${celTexts(accounts)}` },
        ],
        variables,
        validations: checks.map(({ expression, message }) => {
          return { expression, message: `${message} (${mark})`, reason: 'Forbidden' };
        }),
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name, annotations },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ]);
}
