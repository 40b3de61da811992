export const outputFormats = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Options every command takes. */
export interface GlobalOptions {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly profile?: string;
  /** A duration text. */
  readonly timeout?: string;
  readonly quiet?: boolean;
  /** False with `--no-headers`. */
  readonly headers?: boolean;
  /** False with `--no-color`. */
  readonly color?: boolean;
  readonly nonInteractive?: boolean;
}
