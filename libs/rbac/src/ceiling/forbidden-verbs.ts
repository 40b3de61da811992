/**
 * Verbs that lift their holder above RBAC and so never stand in a role of ours, nor in what the owner lets us write.
 * Constrained impersonation (KEP-5284) has verbs of its own that begin with `impersonate`.
 */
export function isForbiddenVerb(verb: string): boolean {
  return verb === '*' || verb === 'escalate' || verb === 'bind' || verb.startsWith('impersonate');
}
