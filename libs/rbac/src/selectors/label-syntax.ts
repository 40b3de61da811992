const labelName = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const subdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** What Kubernetes dislikes about a label key; undefined when it is fine. */
export function labelKeyProblem(key: string): string | undefined {
  const parts = key.split('/');
  if (parts.length > 2) return 'a label key has at most one "/"';
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix !== undefined && (prefix.length > 253 || !subdomain.test(prefix))) {
    return 'the part before "/" must be a lower-case DNS name of at most 253 characters';
  }
  if (name.length > 63 || !labelName.test(name)) {
    return 'a label key is 1 to 63 letters, digits, "-", "_" or ".", and begins and ends with a letter or digit';
  }
  return undefined;
}

/** What Kubernetes dislikes about a label value; undefined when it is fine. */
export function labelValueProblem(value: string): string | undefined {
  if (value === '' || (value.length <= 63 && labelName.test(value))) return undefined;
  return 'a label value is at most 63 letters, digits, "-", "_" or ".", and begins and ends with a letter or digit';
}
