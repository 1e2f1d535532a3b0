// A self-signed certificate for the benchmark's servers, by openssl: nobody verifies it, it only has to cost what TLS costs.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export function makeCertificate(directory: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(directory, 'bench.crt'), join(directory, 'bench.key')];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
  ];
  execFileSync('openssl', [...args, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert, key };
}
