// The real servers and clients that the local mode and the tests run: what each is called, how new it must be, how it
// tells its version, which pinned Go package builds it, and where its publisher offers it with a checksum file.
// Pure data. Exact versions are not written here: `go.mod` pins them, and it is the only place that does.

export type ToolName = 'nats-server' | 'etcd' | 'kube-apiserver' | 'kubectl';

/** Tools of one set share most of their packages and are built by one `go build`. */
export type BuildSet = 'nats' | 'kubernetes';

/** In Go's words: `linux`, `darwin`; `amd64`, `arm64`. */
export type Platform = { readonly os: string; readonly arch: string };

export type Release = {
  readonly url: string;
  /** The publisher's own SHA-256 list (`<hex>  <file>` lines) or single hash for that file. */
  readonly checksums: string;
  /** Path of the program inside the archive; absent where the file is the program itself. */
  readonly member?: string;
};

export type Tool = {
  readonly name: ToolName;
  readonly minimum: string;
  readonly versionArgs: readonly string[];
  /** Group 1 is the version in what the program prints for `versionArgs`. */
  readonly versionPattern: RegExp;
  /** The module in go.mod whose version this tool has. */
  readonly module: string;
  readonly goPackage: string;
  readonly buildSet: BuildSet;
  /** Undefined where the publisher offers nothing for that platform. `version` as in go.mod: `v2.15.2`. */
  readonly release: (version: string, platform: Platform) => Release | undefined;
};

export const catalogue: readonly Tool[] = [
  {
    name: 'nats-server',
    // Older servers silently ignore the queue's scheduled messages (2.10) or mishandle them on recovery (early 2.14).
    minimum: '2.15.1',
    versionArgs: ['--version'],
    versionPattern: /^nats-server: v(\S+)/m,
    module: 'github.com/nats-io/nats-server/v2',
    goPackage: 'github.com/nats-io/nats-server/v2',
    buildSet: 'nats',
    release: natsRelease,
  },
  {
    name: 'etcd',
    minimum: '3.5.0',
    versionArgs: ['--version'],
    versionPattern: /^etcd Version: (\S+)/m,
    module: 'go.etcd.io/etcd/server/v3',
    goPackage: './cmd/etcd',
    buildSet: 'kubernetes',
    release: etcdRelease,
  },
  {
    name: 'kube-apiserver',
    minimum: '1.30.0',
    versionArgs: ['--version'],
    versionPattern: /^Kubernetes v(\S+)/m,
    module: 'k8s.io/kubernetes',
    goPackage: 'k8s.io/kubernetes/cmd/kube-apiserver',
    buildSet: 'kubernetes',
    release: kubernetesRelease('kube-apiserver', ['linux']),
  },
  {
    name: 'kubectl',
    minimum: '1.30.0',
    versionArgs: ['version', '--client', '-o', 'json'],
    versionPattern: /"gitVersion": *"v([^"]+)"/,
    module: 'k8s.io/kubernetes',
    goPackage: 'k8s.io/kubernetes/cmd/kubectl',
    buildSet: 'kubernetes',
    release: kubernetesRelease('kubectl', ['linux', 'darwin']),
  },
];

/** In the order they are built: what `npm start` waits for comes first. */
export const buildSets: readonly { readonly set: BuildSet; readonly usually: string }[] = [
  { set: 'nats', usually: 'half a minute to two minutes' },
  { set: 'kubernetes', usually: '3 to 12 minutes on two cores' },
];

// The three publishers' addresses below follow their published naming but were never tried: they were written on a
// machine that reaches package registries only. The user is told so before such a download (release.ts).

function natsRelease(version: string, { os, arch }: Platform): Release | undefined {
  if (!offered(os, arch, ['linux', 'darwin'])) return undefined;
  const base = `https://github.com/nats-io/nats-server/releases/download/${version}`;
  const folder = `nats-server-${version}-${os}-${arch}`;
  return { url: `${base}/${folder}.tar.gz`, checksums: `${base}/SHA256SUMS`, member: `${folder}/nats-server` };
}

function etcdRelease(version: string, { os, arch }: Platform): Release | undefined {
  if (!offered(os, arch, ['linux', 'darwin'])) return undefined;
  const base = `https://github.com/etcd-io/etcd/releases/download/${version}`;
  const folder = `etcd-${version}-${os}-${arch}`;
  const ending = os === 'darwin' ? 'zip' : 'tar.gz';
  return { url: `${base}/${folder}.${ending}`, checksums: `${base}/SHA256SUMS`, member: `${folder}/etcd` };
}

function kubernetesRelease(program: string, systems: readonly string[]): Tool['release'] {
  return (version, { os, arch }) => {
    if (!offered(os, arch, systems)) return undefined;
    const url = `https://dl.k8s.io/${version}/bin/${os}/${arch}/${program}`;
    return { url, checksums: `${url}.sha256` };
  };
}

function offered(os: string, arch: string, systems: readonly string[]): boolean {
  return systems.includes(os) && (arch === 'amd64' || arch === 'arm64');
}
