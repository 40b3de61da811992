import type { ProgramName } from './programs.ts';

/** The version all programs of a control plane are obtained in. */
export const kubernetesVersion = 'v1.36.2';

/** The Helm that the charts are rendered with; `go.mod` in the folder helm pins the same. */
export const helmVersion = 'v3.22.0';

/** Expected digest of a file: known beforehand, or published beside the file. */
export type Checksum =
  | { readonly algorithm: 'sha512' | 'sha256'; readonly hex: string }
  | { readonly algorithm: 'sha256'; readonly publishedAt: string };

/** One file of an official release and the programs that are in it. */
export interface Release {
  readonly url: string;
  readonly checksum: Checksum;
  readonly programs: readonly ProgramName[];
  /** A gzipped tar that holds the programs in any folder, or the one program itself. */
  readonly form: 'tar.gz' | 'program';
}

// Published in envtest-releases.yaml of kubernetes-sigs/controller-tools.
const envtestSha512: Readonly<Record<string, string>> = {
  'linux-amd64':
    'ea743186c8a799f5cf8faf16969f86189d003cb7d130e0ac4b58789f1e5748dcf30ebe91c837a10d5ac415383da3e10b9e64d65785c938c23e739781cfb76f08',
  'linux-arm64':
    '2d72ee985a8e262a3c57dc9f7f0fd891f6a8c7bf7ebaa2db6dc6d8eac8ae28181afe51c1f368b67756cdb40b10de9b205609e1726e5f27f7c6d824dd9c6649ac',
  'darwin-amd64':
    'b4fe9f973cd1992e3880f8b230ed32c0c243b83371591e3e3315f4404df2cdbef8ee94eeb9bb245b7e5feb987d5c4a76c43e0877654ab73f00d7bbc2b9984514',
  'darwin-arm64':
    '9278f9e5af556b2f1f2d139769c1f0d717c7b4426917fdebdba898bcb725a916e4910d6160886194ff9be9589ea7c5c32c2b8ae0754703874b7c8ba8ddfc41ce',
};

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The files of the official releases for a platform as Node names it; empty when there are none. */
export function officialReleases(platform: string, arch: string): readonly Release[] {
  const goArch = architectures[arch];
  const sha512 = envtestSha512[`${platform}-${goArch}`];
  if (goArch === undefined || sha512 === undefined) return [];
  const envtest: Release = {
    url:
      'https://github.com/kubernetes-sigs/controller-tools/releases/download/' +
      `envtest-${kubernetesVersion}/envtest-${kubernetesVersion}-${platform}-${goArch}.tar.gz`,
    checksum: { algorithm: 'sha512', hex: sha512 },
    programs: ['kube-apiserver', 'etcd', 'kubectl'],
    form: 'tar.gz',
  };
  if (platform !== 'linux') return [envtest];
  const url = `https://dl.k8s.io/release/${kubernetesVersion}/bin/linux/${goArch}/kube-controller-manager`;
  return [
    envtest,
    {
      url,
      checksum: { algorithm: 'sha256', publishedAt: `${url}.sha256` },
      programs: ['kube-controller-manager'],
      form: 'program',
    },
  ];
}
