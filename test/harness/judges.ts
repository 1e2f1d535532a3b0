// Two foreign judges of a captured mail, mailauth and dkimpy, both asking the fleet's own DNS server, which serves the very
// records the operator wants published. They share no code with our signer and none with one another.
import { Resolver } from 'node:dns/promises';
import { authenticate } from 'mailauth';
import { findDkimpy, verifyWithDkimpy } from './dkimpy.ts';

/** Results are the words of RFC 8601 §2.7. */
export type Judgement = {
  /** `rsa-sha256 pass`, from top to bottom, of the signatures of the author's own domain. */
  readonly dkim: readonly string[];
  readonly spf: string;
  readonly dmarc: string;
  /** dkimpy's verdicts on the same signatures; undefined where it is not installed. */
  readonly dkimpy: readonly boolean[] | undefined;
};

export type Captured = { readonly raw: Buffer; readonly from: string };
type DnsServer = { readonly host: string; readonly port: number };

/** What a receiver on this machine would say of mail from `author`, a domain. */
export async function judge(mails: readonly Captured[], author: string, dns: DnsServer): Promise<readonly Judgement[]> {
  const server = new Resolver();
  server.setServers([`${dns.host}:${dns.port}`]);
  const python = findDkimpy();
  const second =
    python === undefined
      ? undefined
      : await verifyWithDkimpy(
          python,
          mails.map(({ raw }) => raw),
          await publishedKeys(mails, server),
        );
  return Promise.all(
    mails.map(async ({ raw, from }, i) => {
      const { dkim, spf, dmarc } = await authenticate(raw, {
        ...{ ip: '127.0.0.1', helo: 'relay.fleet.test', sender: from, mta: 'receiver.test' },
        ...{ strict: true, disableArc: true, disableBimi: true },
        resolver: (name, type) => server.resolve(name, type) as Promise<string[]>,
      });
      const ours = signaturesIn(raw).map(({ domain }) => domain === author);
      return {
        dkim: dkim.results
          .filter(({ signingDomain }) => signingDomain === author)
          .map(({ algo, status }) => `${algo} ${status.result}`),
        spf: spf === false ? 'none' : spf.status.result,
        dmarc: dmarc === false ? 'none' : dmarc.status.result,
        dkimpy: second?.[i]?.filter((_, place) => ours[place]),
      };
    }),
  );
}

/** As dkimpy wants them: name with its final dot -> TXT value. */
async function publishedKeys(mails: readonly Captured[], server: Resolver): Promise<Record<string, string>> {
  const names = new Set(
    mails.flatMap(({ raw }) => signaturesIn(raw)).map(({ selector, domain }) => `${selector}._domainkey.${domain}`),
  );
  const records: Record<string, string> = {};
  for (const name of names) {
    const [strings] = await server.resolveTxt(name).catch(() => []);
    if (strings !== undefined) records[`${name}.`] = strings.join('');
  }
  return records;
}

function signaturesIn(raw: Buffer): readonly { readonly selector: string; readonly domain: string }[] {
  const text = raw.toString('latin1');
  const header = text.slice(0, text.indexOf('\r\n\r\n') + 2).replaceAll(/\r\n[ \t]+/g, ' ');
  return [...header.matchAll(/^dkim-signature:(.*)$/gim)].map(([, tags = '']) => ({
    selector: /[;\s]s=([^;\s]+)/.exec(tags)?.[1] ?? '',
    domain: /[;\s]d=([^;\s]+)/.exec(tags)?.[1] ?? '',
  }));
}
