// The one document that tells a foreign program how to use, watch and kill a running local fleet. Stable: fields are only
// added while `version` is 1. Described field by field in docs/reference/ready-file.md. Holds passwords, hence mode 0600.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

export type ReadyFile = {
  readonly version: 1;
  /** Version of relayfleet. */
  readonly relayfleet: string;
  /** RFC 3339; renewed with the file. */
  readonly writtenAt: string;
  /** Absolute paths. */
  readonly state: string;
  readonly manifests: string;
  readonly fleet: { readonly namespace: string; readonly name: string };
  readonly listeners: readonly ReadyListener[];
  /** PEM bundle that the listeners' certificates verify against. Not there where they are from a public authority. */
  readonly caFile: string;
  readonly platforms: readonly ReadyPlatform[];
  /** Null with --no-receiver. */
  readonly receiver: { readonly host: string; readonly port: number; readonly messages: string } | null;
  readonly dns: { readonly host: string; readonly port: number };
  readonly nats: {
    readonly url: string;
    /** A user that may read queue and events and change nothing. */
    readonly reader: { readonly username: string; readonly password: string };
    /** A reader who may also give orders about what waits: hold, release, retry, drop. */
    readonly keeper: { readonly username: string; readonly password: string };
  };
  readonly parts: readonly ReadyPart[];
};

export type ReadyListener = {
  /** The part that serves it: `node-1`. */
  readonly node: string;
  /** As in the RelayFleet's spec.listeners. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `implicit`: TLS from the first byte. `starttls`: begins in clear, takes no mail before STARTTLS. */
  readonly tls: 'implicit' | 'starttls';
};

export type ReadyPlatform = {
  readonly namespace: string;
  readonly name: string;
  readonly user: string;
  readonly password: string;
  readonly domains: readonly { readonly domain: string; readonly from: readonly string[] }[];
};

export type ReadyPart = {
  /** `nats-server`, `operator`, `node-1` …, `receiver`, `dns-server`. */
  readonly name: string;
  readonly pid: number;
  readonly log: string;
  /** Base of /metrics, /healthz and /readyz, where the part has them. */
  readonly telemetry?: string;
};

/** Appears at once and whole: readers never see half a document. */
export function writeReadyFile(file: string, content: ReadyFile): void {
  const passing = `${file}.${process.pid}.tmp`;
  writeFileSync(passing, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(passing, file);
}

export function removeReadyFile(file: string): void {
  rmSync(file, { force: true });
}

/** Undefined where no local fleet runs with that state. */
export function readReadyFile(file: string): ReadyFile | undefined {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as ReadyFile;
    return value.version === 1 ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The bundle itself, PEM. */
export function readCa({ caFile }: Pick<ReadyFile, 'caFile'>): string | undefined {
  return existsSync(caFile) ? readFileSync(caFile, 'utf8') : undefined;
}
