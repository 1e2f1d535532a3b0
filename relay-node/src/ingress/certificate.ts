// The certificate the listeners present: read from a directory of files as a Secret is mounted, and again whenever they change.
// A pair that does not fit together is refused and the last good one stays in use. There is no built-in certificate.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, watch, type FSWatcher } from 'node:fs';
import { dirname, join } from 'node:path';

export type Certificate = {
  /** PEM: the certificate with its chain, and its key. */
  readonly cert: string;
  readonly key: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
};

export type LoadedCertificate =
  { readonly ok: true; readonly certificate: Certificate } | { readonly ok: false; readonly problem: string };

export const certificateFiles = { cert: 'tls.crt', key: 'tls.key' } as const;

/** Reads and checks `tls.crt` and `tls.key`; the problem names the file and holds nothing of the key. */
export function loadCertificate(directory: string): LoadedCertificate {
  const cert = read(join(directory, certificateFiles.cert));
  const key = read(join(directory, certificateFiles.key));
  if (!cert.ok) return cert;
  if (!key.ok) return key;
  try {
    const certificate = new X509Certificate(cert.text);
    if (!certificate.checkPrivateKey(createPrivateKey(key.text)))
      return { ok: false, problem: `${directory}: tls.key does not belong to tls.crt` };
    const expiresAt = Date.parse(certificate.validTo);
    return { ok: true, certificate: { cert: cert.text, key: key.text, expiresAt } };
  } catch {
    return { ok: false, problem: `${directory}: tls.crt or tls.key is not PEM that can be read` };
  }
}

const settleMs = 200; // a mount swaps several files
const pollMs = 30_000; // for file systems that tell nothing

/** Calls `listener` with every new certificate or problem; returns how to stop. */
export function watchCertificate(directory: string, listener: (loaded: LoadedCertificate) => void): () => void {
  let last = JSON.stringify(loadCertificate(directory));
  let settling: NodeJS.Timeout | undefined;
  let unwatch = () => {};
  const watchAgain = () => {
    unwatch();
    unwatch = watchQuietly(directory, () => (settling ??= setTimeout(look, settleMs)));
  };
  const look = () => {
    settling = undefined;
    watchAgain(); // before reading: what changes from here on is told
    const loaded = loadCertificate(directory);
    const text = JSON.stringify(loaded);
    if (text !== last) listener(loaded);
    last = text;
  };
  watchAgain();
  const poll = setInterval(look, pollMs).unref();
  return () => {
    unwatch();
    clearTimeout(settling);
    clearInterval(poll);
  };
}

/**
 * Watches the directory and, since a watch ends with what it is on, the nearest directory above it that exists: a mount that is
 * taken away and made again shows there.
 */
function watchQuietly(directory: string, onChange: () => void): () => void {
  const watchers: FSWatcher[] = [];
  const open = (path: string): boolean => {
    try {
      watchers.push(watch(path, { persistent: false }, onChange).on('error', () => undefined)); // polling goes on
      return true;
    } catch {
      return false;
    }
  };
  let above = dirname(directory);
  while (!open(above) && above !== dirname(above)) above = dirname(above);
  open(directory);
  return () => watchers.forEach((watcher) => watcher.close());
}

function read(path: string): { ok: true; text: string } | { ok: false; problem: string } {
  try {
    return { ok: true, text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { ok: false, problem: `${path}: ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}` };
  }
}
