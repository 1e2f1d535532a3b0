// docs/rfc.md: which standards we implement, how far, and in which files. The table below says how far; the files are those
// whose comments cite the standard, so the page cannot name a file that no longer cares.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRequirements, requirementProblems, type Requirement } from './requirements.ts';

type Coverage = 'yes' | 'partial' | 'refused';
type Standard = readonly [rfc: number, title: string, coverage: Coverage, what: string];

const standards: readonly Standard[] = [
  [1035, 'Domain names', 'partial', 'Message format and TXT strings of the local DNS server; resolving is Node’s.'],
  [1123, 'Host requirements', 'partial', 'Host names in EHLO and certificates.'],
  [
    1870,
    'SMTP SIZE',
    'yes',
    'Refused at MAIL FROM and at the end of DATA; a peer’s limit is honoured without sending.',
  ],
  [2034, 'Enhanced status codes in replies', 'yes', 'Every reply carries one.'],
  [2045, 'MIME', 'partial', 'Structure of our own bounces; mail is passed on as it came.'],
  [2046, 'MIME media types', 'partial', 'Structure of our own bounces.'],
  [
    2047,
    'Encoded words',
    'partial',
    'Accepted in display names only, where they must not show an address of somebody else.',
  ],
  [2782, 'SRV', 'partial', 'The order of smarthosts by priority and weight; no SRV record is asked for.'],
  [
    2920,
    'SMTP PIPELINING',
    'yes',
    'Offered; towards a peer that offers it MAIL, RCPT and DATA are one write, and a DATA granted for nobody gets a lone dot.',
  ],
  [
    3207,
    'STARTTLS',
    'yes',
    'Offered on submission; state is discarded at the upgrade; demanded of peers unless the owner says otherwise.',
  ],
  [3339, 'Timestamps', 'yes', 'Statuses and documents.'],
  [
    3461,
    'SMTP DSN extension',
    'yes',
    'RET, ENVID, NOTIFY and ORCPT are kept, honoured in notices of failure, delay and relaying, and passed on to peers that offer DSN.',
  ],
  [3463, 'Enhanced status codes', 'yes', 'Every outcome and reply.'],
  [
    3464,
    'Delivery status notifications',
    'yes',
    'Sent as failed (also when expired), delayed (once, after some four hours) and relayed; delivered and expanded are for others.',
  ],
  [3834, 'Automatic responses', 'yes', 'Notices say Auto-Submitted and answer no null sender.'],
  [3848, 'ESMTPSA', 'yes', 'Protocol name in Received.'],
  [3986, 'URI', 'partial', 'The smtps URI of a binding Secret.'],
  [4291, 'IPv6 addressing', 'partial', 'A /64 counts as one client.'],
  [4616, 'SASL PLAIN', 'yes', 'Under TLS only.'],
  [4954, 'SMTP AUTH', 'yes', 'PLAIN and LOGIN, under TLS only.'],
  [5248, 'Registry of enhanced codes', 'yes', '525 5.7.13 for a suspended platform.'],
  [5280, 'X.509', 'partial', 'The certificates made for listeners.'],
  [
    5321,
    'SMTP',
    'partial',
    'Submission and relay; the musts that are not followed are among those below, with the reason.',
  ],
  [
    5322,
    'Message format',
    'partial',
    'Exactly one From with one mailbox, lines of 998 octets at most; of a mail that is taken no byte is changed.',
  ],
  [5758, 'X.509 algorithms', 'partial', 'ECDSA with SHA-256 in the certificates made for listeners.'],
  [5869, 'HKDF', 'yes', 'Keys of the sealed snapshot.'],
  [5890, 'IDNA definitions', 'yes', 'Domains are compared as A-labels.'],
  [6125, 'Service identity in TLS', 'yes', 'Verify mode: the next hop’s name must be in its certificate.'],
  [6152, '8BITMIME', 'yes', 'Offered; eight-bit mail for a peer without it is returned, not damaged.'],
  [6376, 'DKIM', 'yes', 'Signing, relaxed/relaxed, oversigned. Verifying is left to the receiver.'],
  [
    6409,
    'Message submission',
    'yes',
    'Authentication and sender binding; a missing Date or Message-ID is added, nothing else is changed.',
  ],
  [6522, 'multipart/report', 'yes', 'Shape of every notice.'],
  [6531, 'SMTPUTF8', 'partial', 'Offered; such mail for a peer without it is returned.'],
  [6532, 'Internationalised headers', 'partial', 'Passed on unchanged.'],
  [6533, 'Internationalised DSN', 'partial', 'Addresses in notices and in ORCPT.'],
  [6761, 'Special-use names', 'yes', 'example and localhost names in samples and local mode.'],
  [6891, 'EDNS(0)', 'partial', 'Larger answers of the local DNS server.'],
  [7208, 'SPF', 'partial', 'The record to publish; checking DNS is to come.'],
  [7489, 'DMARC (obsoleted by 9989)', 'partial', 'The record to publish.'],
  [7504, '521 and 556 replies', 'yes', 'A host that says it takes no mail is a final answer.'],
  [7505, 'Null MX', 'yes', 'Returned at once, 5.1.10.'],
  [7914, 'scrypt', 'yes', 'Passwords that people chose.'],
  [8058, 'One-click unsubscribe', 'partial', 'Both header fields are signed.'],
  [8301, 'DKIM algorithms', 'yes', 'rsa-sha256, 2048 bits and more; never SHA-1.'],
  [8314, 'Implicit TLS for submission', 'yes', 'The first listener; STARTTLS is the second.'],
  [8452, 'AES-GCM-SIV', 'partial', 'The idea of a nonce derived from key and plaintext.'],
  [8463, 'Ed25519 for DKIM', 'yes', 'Beside RSA, with a selector of its own.'],
  [8552, 'Underscored names', 'yes', 'Names of DKIM and DMARC records.'],
  [8601, 'Authentication-Results', 'partial', 'Words in which the local receiver reports its verdicts.'],
  [8689, 'REQUIRETLS', 'refused', 'Not offered.'],
  [8996, 'Deprecating TLS 1.0 and 1.1', 'yes', 'TLS 1.2 is the floor on both sides.'],
  [9325, 'Recommendations for TLS', 'yes', 'TLS 1.2 is the floor on both sides.'],
  [9989, 'DMARC', 'partial', 'Alignment judged by the local receiver; the record to publish.'],
];

/** The page; a cited standard without a row is an error here, so that citing one means saying how far it goes. */
export function standardsPage(root: string): string {
  const citing = filesByRfc(root);
  const unlisted = [...citing.keys()].filter((rfc) => !standards.some(([number]) => number === rfc));
  if (unlisted.length > 0) throw new Error(`hack/gen/standards-page.ts has no row for RFC ${unlisted.join(', ')}`);
  const rows = standards
    .filter(([rfc]) => citing.has(rfc))
    .map(
      ([rfc, title, coverage, what]) =>
        `| ${rfc} | ${title} | ${coverage} | ${what} | ${(citing.get(rfc) ?? []).map((file) => `\`${file}\``).join(' ')} |`,
    );
  return `# Standards

Which RFC is implemented, how far, and where; then [every must](#musts) with its test. The files are those whose comments cite it. Generated by \`npm run gen\` from \`hack/gen/standards-page.ts\`, \`hack/gen/requirements.txt\` and the sources.

| RFC | title | | what we do | files |
|---|---|---|---|---|
${rows.join('\n')}

${mustsSection(root)}`;
}

/** A row without its file or test is an error here, so that no such row can be committed. */
function mustsSection(root: string): string {
  const requirements = readRequirements(readFileSync(join(root, 'hack/gen/requirements.txt'), 'utf8'));
  const problems = requirementProblems(root, requirements);
  if (problems.length > 0) throw new Error(`hack/gen/requirements.txt:\n${problems.join('\n')}`);
  const row = ({ rfc, section, must, file, test, title }: Requirement) =>
    `| ${rfc} §${section} | ${must} | \`${file}\` | \`${test}\`: ${inTable(title)} |`;
  return `## Musts

What the standards demand of a submission server and relay, with the file that does it and the test that is about it.

| where | must | file | test |
|---|---|---|---|
${requirements.map(row).join('\n')}
`;
}

function filesByRfc(root: string): ReadonlyMap<number, readonly string[]> {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  const citing = new Map<number, string[]>();
  for (const file of listed
    .split('\n')
    .filter((path) => isProductSource(path) && existsSync(join(root, path)))
    .toSorted())
    for (const [, number] of readFileSync(join(root, file), 'utf8').matchAll(/RFC (\d{3,5})/g)) {
      const files = citing.get(Number(number)) ?? citing.set(Number(number), []).get(Number(number))!;
      if (files.at(-1) !== file) files.push(file);
    }
  return citing;
}

function isProductSource(path: string): boolean {
  return /^(contract|jetstream|telemetry|operator|relay-node|cli)\//.test(path) && !path.endsWith('.test.ts');
}

/** Markdown must not take a title’s signs for its own. */
function inTable(title: string): string {
  return title.replaceAll(/[*_<>[\]\\|]/g, '\\$&');
}
