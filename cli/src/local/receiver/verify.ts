// The receiving side's judgement of a mail: SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 9989), by mailauth in its
// strict mode against live DNS. Decides nothing about acceptance: the verdicts are written beside the mail.
import { authenticate, type DNSResolver } from 'mailauth';

/** What the SMTP conversation told. */
export type Conversation = { readonly clientAddress: string; readonly helo: string; readonly sender: string };

export type SignatureVerdict = {
  readonly result: string;
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  /** Whether its domain aligns with the From header's. */
  readonly aligned: boolean;
  /** Why it did not pass. */
  readonly comment?: string;
};

/** Results are the words of RFC 8601 §2.7: `pass`, `fail`, `none`, `temperror` … */
export type Verdicts = {
  readonly dkim: readonly SignatureVerdict[];
  readonly spf: { readonly result: string; readonly domain: string };
  readonly dmarc: { readonly result: string; readonly domain: string; readonly policy: string };
};

export async function verifyMail(raw: Buffer, conversation: Conversation, resolver: DNSResolver): Promise<Verdicts> {
  const { clientAddress, helo, sender } = conversation;
  const options = { ip: clientAddress, helo, sender, resolver, strict: true, disableArc: true, disableBimi: true };
  const { dkim, spf, dmarc } = await authenticate(raw, { ...options, mta: 'receiver.test' });
  return {
    dkim: dkim.results
      .filter(({ signingDomain }) => signingDomain !== undefined)
      .map(({ status, signingDomain = '', selector = '', algo = '' }) => ({
        result: status.result,
        domain: signingDomain,
        selector,
        algorithm: algo,
        aligned: Boolean(status.aligned),
        ...(status.comment === undefined ? {} : { comment: status.comment }),
      })),
    spf: spf === false ? { result: 'none', domain: '' } : { result: spf.status.result, domain: spf.domain },
    dmarc:
      dmarc === false
        ? { result: 'none', domain: '', policy: 'none' }
        : { result: dmarc.status.result, domain: dmarc.domain, policy: dmarc.policy },
  };
}

/** Signed by the author's domain, sent from where that domain says, and DMARC agrees. Every signature must hold. */
export function isVerified({ dkim, spf, dmarc }: Verdicts): boolean {
  const signed = dkim.length > 0 && dkim.every(({ result, aligned }) => result === 'pass' && aligned);
  return signed && spf.result === 'pass' && dmarc.result === 'pass';
}
