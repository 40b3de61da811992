/** Names of packages that no bundle of central takes in. */
export declare const uninstalled: readonly string[];
export declare const withFiles: readonly string[];
