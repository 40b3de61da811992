/** A package of npm as it is installed. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  /** Where it really lies, when it is a library of this repository. */
  readonly link: string | undefined;
}

/** A package of Debian that files of an image come from. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

interface ImageParts {
  readonly command: string;
  readonly installed: readonly InstalledPackage[];
  readonly debian: readonly DebianPackage[];
  /** Version of Node. */
  readonly node: string;
}

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
}

/** The part of CycloneDX 1.5 that is looked into. */
interface CycloneDx {
  readonly serialNumber?: string;
  readonly metadata: { readonly timestamp?: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: string[] }[];
}

/**
 * The bill of materials of an image out of what `npm sbom -w WORKSPACE` printed, which is too much: it names what only tests
 * need. `--omit=dev` would name too little, because npm then leaves out what is a development dependency of anything. Node and
 * Debian's libraries are added. Equal images have equal bills: there is no serial number and no time in it, as CycloneDX allows.
 */
export function imageSbom(printed: string, parts: ImageParts): string {
  const sbom = JSON.parse(printed) as CycloneDx;
  // By the URL: the name of a library of ours comes without its scope.
  const listed = new Map(sbom.components.map((component) => [component.purl, component]));
  const named = new Map(parts.installed.map(({ name, version }) => [npmUrl(name, version), name]));
  const missing = [...named.keys()].filter((url) => !listed.has(url));
  const components = [...listed.values()]
    .filter(({ purl }) => named.has(purl))
    .map((component) => ({ ...component, name: named.get(component.purl) ?? component.name }));
  if (missing.length > 0) throw new Error(`the bill of materials misses ${missing.join(', ')}`);
  const added = [nodeComponent(parts.node), ...parts.debian.map(debianComponent)];
  const refs = new Set(components.map((component) => component['bom-ref']));
  const { timestamp: _, ...metadata } = sbom.metadata;
  const { serialNumber: __, ...rest } = sbom;
  const bill = {
    ...rest,
    metadata: { ...metadata, component: imageComponent(sbom, parts.command) },
    components: [...components, ...added],
    dependencies: sbom.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn = [] }) => ({
        ref,
        dependsOn: dependsOn.filter((other) => refs.has(other)),
      })),
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

const npmUrl = (name: string, version: string): string =>
  `pkg:npm/${name.replace('@', '%40')}@${version}`;

function imageComponent({ metadata: { component } }: CycloneDx, command: string): object {
  const { version } = component;
  return { type: 'container', 'bom-ref': command, name: command, version };
}

function nodeComponent(version: string): object {
  const purl = `pkg:generic/node@${version}`;
  const cpe = `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`;
  return { type: 'platform', 'bom-ref': purl, name: 'node', version, cpe, purl };
}

function debianComponent({ name, version, architecture }: DebianPackage): object {
  const encoded = encodeURIComponent(version);
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encoded}?arch=${architecture}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl };
}
