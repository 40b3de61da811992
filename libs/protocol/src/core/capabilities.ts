/**
 * What a peer says of itself in Hello beyond the first release. What is used towards it goes by this, never by its
 * version.
 */
export const capabilities = {
  /** Skips and reports sections, intents and messages that it does not know, where the first release refused the whole. */
  skipsUnknown: 'skips_unknown',
  /**
   * Takes a delta in one message, a manifest that was signed together with others, and no manifest where it holds it. Who
   * does skips what it does not know as well, and need not say so.
   */
  compact: 'compact',
  /** Answers requests for credentials. What it makes of them, and whether it may, its answer says. */
  credentials: 'credentials',
} as const;

/** What an agent of this version says of itself: it goes with every Hello, so no more than is needed. */
export const agentCapabilities: readonly string[] = [
  capabilities.compact,
  capabilities.credentials,
];

/** True when the short forms of messages may be used towards the agent of this Hello. */
export function isCompact(hello: { readonly capabilities: readonly string[] }): boolean {
  return hello.capabilities.includes(capabilities.compact);
}

/** True when the agent of this Hello may be asked for credentials. */
export function makesCredentials(hello: { readonly capabilities: readonly string[] }): boolean {
  return hello.capabilities.includes(capabilities.credentials);
}

/** Sections that every agent reads. */
const firstSections: ReadonlySet<string> = new Set(['CONFIG', 'ROLE', 'DENY', 'BINDING']);

/** Sections of a state for which an agent with these capabilities would refuse the whole state. */
export function sectionsBeyond(
  sections: Iterable<string>,
  peer: readonly string[],
): readonly string[] {
  const skips: readonly string[] = [capabilities.skipsUnknown, capabilities.compact];
  if (peer.some((each) => skips.includes(each))) return [];
  return [...sections].filter((section) => !firstSections.has(section));
}
