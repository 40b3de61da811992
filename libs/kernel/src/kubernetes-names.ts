/**
 * Names as Kubernetes judges them, each rule once for schemas, ceilings, commands and the simulated API server. A rule
 * says what is wrong, as the end of a sentence that begins with the name; undefined when nothing is. The facts are those
 * of k8s.io/apimachinery: pkg/util/validation/validation.go, pkg/api/validation/path/name.go.
 */

const labelPart = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const qualifiedPart = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

/** The shapes as regular expressions, for documents; their lengths stand apart, as JSON Schema has them. */
export const namePatterns = {
  dnsLabel: `^${labelPart}$`,
  dnsSubdomain: `^${labelPart}(\\.${labelPart})*$`,
  labelKey: `^(${labelPart}(\\.${labelPart})*/)?${qualifiedPart}$`,
  labelValue: `^(${qualifiedPart})?$`,
} as const;

/** Most characters of each. */
export const nameLengths = { dnsLabel: 63, dnsSubdomain: 253, labelKey: 317, labelValue: 63 };

const dnsLabel = new RegExp(namePatterns.dnsLabel);
const dnsSubdomain = new RegExp(namePatterns.dnsSubdomain);
const qualifiedName = new RegExp(`^${qualifiedPart}$`);

/** `IsDNS1123Label`: what namespaces are called, and most of what Ambit names itself. */
export function dnsLabelProblem(name: string): string | undefined {
  if (name.length <= nameLengths.dnsLabel && dnsLabel.test(name)) return undefined;
  return 'has to be 1 to 63 lower-case letters, digits and "-", and begin and end with a letter or digit';
}

/** `IsDNS1123Subdomain`: API groups, ServiceAccounts, and what stands before the "/" of a label key. */
export function dnsSubdomainProblem(name: string): string | undefined {
  if (name.length <= nameLengths.dnsSubdomain && dnsSubdomain.test(name)) return undefined;
  return 'has to be a DNS name: parts of lower-case letters, digits and "-" with one "." between them, at most 253 characters';
}

/** `ValidateNamespaceName`. */
export function namespaceNameProblem(name: string): string | undefined {
  return dnsLabelProblem(name);
}

/** `IsQualifiedName`: keys of labels. */
export function labelKeyProblem(key: string): string | undefined {
  const parts = key.split('/');
  if (parts.length > 2) return 'a label key has at most one "/"';
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix !== undefined && dnsSubdomainProblem(prefix) !== undefined) {
    return 'the part before "/" must be a lower-case DNS name of at most 253 characters';
  }
  if (name.length > 63 || !qualifiedName.test(name)) {
    return 'a label key is 1 to 63 letters, digits, "-", "_" or ".", and begins and ends with a letter or digit';
  }
  return undefined;
}

/** `IsValidLabelValue`. */
export function labelValueProblem(value: string): string | undefined {
  if (value === '' || (value.length <= nameLengths.labelValue && qualifiedName.test(value))) {
    return undefined;
  }
  return 'a label value is at most 63 letters, digits, "-", "_" or ".", and begins and ends with a letter or digit';
}

/**
 * `ValidatePathSegmentName`: Roles, ClusterRoles and their bindings. A segment of a path and nothing more: spaces, upper
 * case, colons and any script are legal, and there is no length.
 */
export function pathSegmentProblem(name: string): string | undefined {
  if (name === '.' || name === '..') return `may not be '${name}'`;
  const bad = ['/', '%'].find((character) => name.includes(character));
  return bad === undefined ? undefined : `may not contain '${bad}'`;
}
