// Two foreign judges of a captured mail, mailauth and dkimpy, both given the very records the operator wants published, from
// a fleet's DNS server or from a status. They share no code with our signer and none with one another.
import { Resolver } from 'node:dns/promises';
import { authenticate, type DNSResolver } from 'mailauth';
import { findDkimpy, verifyWithDkimpy } from './dkimpy.ts';

/** Results are the words of RFC 8601 §2.7. */
export type Judgement = {
  /** `rsa-sha256 pass` of each signature of the author's own domain, sorted. */
  readonly dkim: readonly string[];
  readonly spf: string;
  readonly dmarc: string;
  /** dkimpy's verdicts on the same signatures; undefined where it is not installed. */
  readonly dkimpy: readonly boolean[] | undefined;
};

export type Captured = { readonly raw: Buffer; readonly from: string };

/** As node:dns resolves: the strings of every TXT record; rejects with code ENOTFOUND. */
export type Lookup = (name: string, type: string) => Promise<string[][]>;

/** Asks the DNS server of a local run. */
export function askServer({ host, port }: { readonly host: string; readonly port: number }): Lookup {
  const server = new Resolver();
  server.setServers([`${host}:${port}`]);
  return (name, type) => server.resolve(name, type) as Promise<string[][]>;
}

/** Answers from `status.dns.records` of a RelayDomain. */
export function askRecords(records: readonly DnsRecord[]): Lookup {
  return async (name, type) => {
    const found = records.filter((record) => record.name === name && record.type === type).map(({ value }) => [value]);
    if (found.length === 0) throw Object.assign(new Error(`no ${type} of ${name}`), { code: 'ENOTFOUND' });
    return found;
  };
}

export type DnsRecord = { readonly name: string; readonly type: string; readonly value: string };

/** What a receiver on this machine would say of mail from `author`, a domain. */
export async function judge(mails: readonly Captured[], author: string, lookup: Lookup): Promise<readonly Judgement[]> {
  const python = findDkimpy();
  const second =
    python === undefined
      ? undefined
      : await verifyWithDkimpy(
          python,
          mails.map(({ raw }) => raw),
          await publishedKeys(mails, lookup),
        );
  return Promise.all(
    mails.map(async ({ raw, from }, i) => {
      const { dkim, spf, dmarc } = await authenticate(raw, {
        ip: '127.0.0.1',
        helo: 'relay.fleet.test',
        sender: from,
        mta: 'receiver.test',
        strict: true,
        disableArc: true,
        disableBimi: true,
        resolver: lookup as unknown as DNSResolver, // its type knows no TXT
      });
      const ours = signaturesIn(raw).map(({ domain }) => domain === author);
      return {
        dkim: dkim.results
          .filter(({ signingDomain }) => signingDomain === author)
          .map(({ algo, status }) => `${algo} ${status.result}`)
          .toSorted(),
        spf: spf === false ? 'none' : spf.status.result,
        dmarc: dmarc === false ? 'none' : dmarc.status.result,
        dkimpy: second?.[i]?.filter((_, place) => ours[place]),
      };
    }),
  );
}

/** As dkimpy wants them: name with its final dot -> TXT value. */
async function publishedKeys(mails: readonly Captured[], lookup: Lookup): Promise<Record<string, string>> {
  const names = new Set(
    mails.flatMap(({ raw }) => signaturesIn(raw)).map(({ selector, domain }) => `${selector}._domainkey.${domain}`),
  );
  const records: Record<string, string> = {};
  for (const name of names) {
    const [strings] = await lookup(name, 'TXT').catch(() => []);
    if (strings !== undefined) records[`${name}.`] = strings.join('');
  }
  return records;
}

function signaturesIn(raw: Buffer): readonly { readonly selector: string; readonly domain: string }[] {
  const text = raw.toString('latin1');
  const [fields = ''] = text.split('\r\n\r\n', 1); // the whole of it where there is no body
  const header = fields.replaceAll(/\r\n[ \t]+/g, ' ');
  return [...header.matchAll(/^dkim-signature:(.*)$/gim)].map(([, tags = '']) => ({
    selector: /[;\s]s=([^;\s]+)/.exec(tags)?.[1] ?? '',
    domain: /[;\s]d=([^;\s]+)/.exec(tags)?.[1] ?? '',
  }));
}
