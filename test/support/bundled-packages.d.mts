/** Names of the packages that are bundled. */
export declare const packages: readonly string[];
export declare function bundleFile(folder: string, name: string): string;
export declare function bundlePackages(): string;
