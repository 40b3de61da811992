/** A resource, or a subresource, that an API server serves in one version of its group, as its discovery tells. */
export interface ApiResource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural, or `PLURAL/SUBRESOURCE`. */
  readonly resource: string;
  /** Empty for subresources. */
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}
